"""A limit on uploaded files that holds while they arrive, not after they filled the disk."""

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, StopUpload


class LimitedUpload(FileUploadHandler):
    """Stops at `LABELER_MAX_UPLOAD_BYTES` and leaves `upload_too_large` on the request.

    The rest of the request is read and thrown away, so that the browser gets an answer.
    """

    def new_file(self, *args: object, **kwargs: object) -> None:
        self.n_bytes = 0
        super().new_file(*args, **kwargs)  # type: ignore[arg-type]

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.n_bytes += len(raw_data)
        if self.n_bytes > settings.LABELER_MAX_UPLOAD_BYTES:
            self.request.upload_too_large = True  # type: ignore[union-attr]
            raise StopUpload(connection_reset=False)
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """The handlers behind this one keep the file."""
