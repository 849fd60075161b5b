"""Updates and calls of Rubika's Bot API (rubika.ir/botapi)."""
