"""OpenAI's Responses API under ``/v1/responses``: turns that the host keeps."""
