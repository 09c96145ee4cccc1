# `make` alone lists what there is. PYTHON may name another Python: make run PYTHON=python3.12
PYTHON ?= python3
export PYTHON

.PHONY: help run demo backup restore test lock rehearse bench-labels

help:
	@echo "make run                 start Labeler; the first time it installs everything (PORT=8000)"
	@echo "make demo                load the demo project into a running Labeler"
	@echo "make backup              save database, files and key to one file in backups/"
	@echo "make restore FILE=...    put a backup in place of the present data, which are kept aside"
	@echo "make rehearse            play an annotator on the demo, against a running Labeler"
	@echo "make bench-labels DATA=folder   compare label efficiency with other libraries (hours)"
	@echo "make test                check style, types and layers, then run every test"
	@echo "make lock                pin the newest fitting packages anew (ARGS=--upgrade)"

run demo rehearse backup test: python-there
	@$(PYTHON) installing $@ $(ARGS)

lock: python-there
	@$(PYTHON) installing lock $(ARGS)

restore: python-there
	@$(PYTHON) installing restore "$(FILE)"

bench-labels: python-there
	@$(PYTHON) installing bench-labels $(if $(DATA),"$(DATA)",--help) $(ARGS)

.PHONY: python-there
python-there:
	@command -v $(PYTHON) >/dev/null || { \
	  echo "Labeler needs Python 3.11, 3.12 or 3.13, and there is no $(PYTHON). On Debian and Ubuntu:" \
	       "apt-get install python3 python3-venv" >&2; exit 1; }
