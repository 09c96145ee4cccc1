"""Who asks: the signed-in person, with the type that services want."""

from django.http import HttpRequest

from projects.models import User


def person(request: HttpRequest) -> User:
    """The signed-in user. Only for views behind `login_required`."""
    assert isinstance(request.user, User)
    return request.user
