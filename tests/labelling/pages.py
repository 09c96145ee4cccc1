"""The label page as a browser uses it."""

import re
from typing import Any

from django.test import Client

from projects.models import Project, User
from tests.labelling.people import TAB


class LabelPage:
    """What a browser does with the page: `act` as a plain form, `send` as the outbox."""

    def __init__(self, client: Client, project: Project, user: User) -> None:
        self.client, self.project, self.user = client, project, user
        self.address = f"/projects/{project.pk}/label/"
        self.body = ""

    def open(self, **query: str) -> str:
        response = self.client.get(self.address, {"tab": str(TAB), **query})
        self.body = response.content.decode()
        assert response.status_code == 200, self.body
        return self.body

    def fields(self, **given: Any) -> dict[str, Any]:
        hidden = dict(re.findall(r'name="(client_uuid|example)" value="([^"]+)"', self.body))
        return {"tab": str(TAB), **hidden, **given}

    def act(self, **given: Any) -> Any:
        return self.client.post(self.address, self.fields(**given))

    def send(self, **given: Any) -> Any:
        headers = {"X-Labeler-Outbox": str(self.user.pk)}
        return self.client.post(self.address, self.fields(**given), headers=headers)

    @property
    def example(self) -> int:
        return int(self.fields()["example"])
