-- Events out of Kafka. Broker, topic and group are yours; everything else may stay. What is no JSON is kept apart, so that
-- one bad message stops nothing and is not lost.

CREATE TABLE IF NOT EXISTS umbratap.kafka (event String)
ENGINE = Kafka
SETTINGS
    kafka_broker_list = 'localhost:9092',
    kafka_topic_list = 'umbratap',
    kafka_group_name = 'umbratap',
    kafka_format = 'JSONAsString',
    kafka_num_consumers = 1,
    kafka_flush_interval_ms = 1000,
    kafka_handle_error_mode = 'stream';

CREATE TABLE IF NOT EXISTS umbratap.broken
(
    received  DateTime('UTC') DEFAULT now(),
    partition UInt64,
    offset    UInt64,
    error     String,
    message   String
)
ENGINE = MergeTree ORDER BY received TTL received + INTERVAL 30 DAY;

CREATE MATERIALIZED VIEW IF NOT EXISTS umbratap.kafka_to_broken TO umbratap.broken AS
SELECT _partition AS partition, _offset AS offset, _error AS error, _raw_message AS message
FROM umbratap.kafka
WHERE length(_error) > 0;

CREATE MATERIALIZED VIEW IF NOT EXISTS umbratap.kafka_to_incoming TO umbratap.incoming AS
SELECT event
FROM umbratap.kafka
WHERE length(_error) = 0;
