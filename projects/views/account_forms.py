"""Django's forms about passwords, with sentences of ours."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, SetPasswordForm

from projects.models import User

if TYPE_CHECKING:
    SetForm = SetPasswordForm[User]
else:
    SetForm = SetPasswordForm


class SignInForm(AuthenticationForm):
    """Django's form with a sentence that says what to do."""

    error_messages = {
        "invalid_login": "That name and password do not belong together. Capital letters count in both.",
        "inactive": "This account is closed.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "Name"


def _say_plainly(fields: dict[str, forms.Field]) -> None:
    fields[
        "new_password1"
    ].help_text = (
        "At least eight characters, not like your name, and none of the passwords in common use."
    )
    fields["new_password2"].label = "New password once more"
    fields["new_password2"].help_text = ""


class NewPasswordForm(SetForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _say_plainly(self.fields)
        self.fields["new_password1"].widget.attrs["autofocus"] = True


class ChangePasswordForm(PasswordChangeForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _say_plainly(self.fields)
