"""The bus on Apache Kafka. Nothing outside this package imports aiokafka, and `internals` alone uses what it does not publish."""
