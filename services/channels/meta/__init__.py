"""What the channels of Meta share: who calls, the envelope of a webhook, times, and the Graph API with its errors."""
