"""What the channels of Twilio share: who calls, the form of a webhook, who people are, the REST API and its errors."""
