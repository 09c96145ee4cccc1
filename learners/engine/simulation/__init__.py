"""The loop that serves people, run over texts whose labels are known: what would it have cost?"""
