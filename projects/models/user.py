"""Who signs in."""

from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """A person with an account. Own table from the first day, so that it can grow."""
