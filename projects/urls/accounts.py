"""Addresses: signing in, passwords, one-time links, members."""

from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, path

from projects.views import accounts, members, one_time_links

MEMBERS = "projects/<int:pk>/settings/members/"

urlpatterns: list[URLPattern] = [
    path("sign-in/", accounts.sign_in, name="sign-in"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("account/", accounts.account, name="account"),
    path("account/password/", accounts.password_change, name="password-change"),
    path("account/password/first/", accounts.password_first, name="password-first"),
    path("enter/<uidb64>/<token>/", one_time_links.enter, name="one-time-link"),
    path("reset/<uidb64>/<token>/", one_time_links.reset, name="password-reset"),
    path(MEMBERS, members.members, name="members"),
    path(f"{MEMBERS}add/", members.add, name="member-add"),
    path(f"{MEMBERS}<int:user_pk>/role/", members.change_role, name="member-role"),
    path(f"{MEMBERS}<int:user_pk>/link/", members.make_link, name="member-link"),
    path(f"{MEMBERS}<int:user_pk>/remove/", members.remove, name="member-remove"),
]
