"""WhatsApp's Cloud API (developers.facebook.com/documentation/business-messaging/whatsapp): webhooks, calls and their errors."""
