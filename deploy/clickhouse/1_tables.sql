-- What a fleet of sensors remembers. Every event comes into `umbratap.incoming` as one JSON object, by way of Kafka
-- (2_kafka.sql) or of an INSERT over HTTPS (README.md), and goes on from there.

CREATE DATABASE IF NOT EXISTS umbratap;

-- Holds nothing: what is inserted goes through the views.
CREATE TABLE IF NOT EXISTS umbratap.incoming (event String) ENGINE = Null;

-- All events for half a year, each once per sensor however often it was delivered.
CREATE TABLE IF NOT EXISTS umbratap.events
(
    timestamp       DateTime64(6, 'UTC'),
    received        DateTime('UTC') DEFAULT now(),
    event_type      LowCardinality(String),
    event_id        String,
    same            UInt64,                  -- the same for one exchange, whichever sensor saw it, and whatever its clock said
    sensor_id       LowCardinality(String),
    sensor_group    LowCardinality(String),
    rules_version   LowCardinality(String),
    policy_version  LowCardinality(String),
    community_id    String,
    flow_id         UInt64,
    src_ip          String,
    src_port        UInt16,
    dest_ip         String,
    dest_port       UInt16,
    server          String,                  -- host:port/path; with @address where the host is no name for everybody
    host            String,
    client          String,                  -- address and name
    client_name     String,
    client_version  String,
    server_name     String,
    server_version  String,
    transport       LowCardinality(String),
    verdict         LowCardinality(String),
    session_id      String,
    kind            LowCardinality(String),
    method          LowCardinality(String),
    tool            String,
    outcome         LowCardinality(String),
    duration_ms     Float64,
    category        LowCardinality(String),
    severity        UInt8,
    signature       String,
    alert_id        String,
    alert_count     UInt64,
    alert_closing   Bool,
    change_kind     LowCardinality(String),  -- of inventory events: server, client, tool
    change          LowCardinality(String),  -- new, changed
    fingerprint     String,                  -- of the tool's definition
    event           String CODEC(ZSTD(3))    -- all of it
)
ENGINE = ReplacingMergeTree(received)
PARTITION BY toYYYYMM(timestamp)
ORDER BY (event_type, toDate(timestamp), event_id, sensor_id)
TTL toDateTime(timestamp) + INTERVAL 180 DAY;

CREATE MATERIALIZED VIEW IF NOT EXISTS umbratap.incoming_to_events TO umbratap.events AS
WITH
    JSONExtractString(event, 'mcp', 'server', 'host') AS seen_host,
    JSONExtractString(event, 'mcp', 'server', 'ip') AS seen_ip,
    JSONExtractUInt(event, 'mcp', 'server', 'port') AS seen_port,
    -- As the inventory of a sensor has it: a name with a dot that is no address is the same for everybody.
    position(seen_host, '.') > 0 AND NOT isIPv4String(seen_host)
        AND NOT match(seen_host, '\\.(local|localhost|lan|internal|test|home\\.arpa)$') AS for_everybody
SELECT
    ifNull(parseDateTime64BestEffortOrNull(JSONExtractString(event, 'timestamp'), 6, 'UTC'), now64(6, 'UTC')) AS timestamp,
    JSONExtractString(event, 'event_type') AS event_type,
    JSONExtractString(event, 'event_id') AS event_id,
    sipHash64(event_type, JSONExtractString(event, 'community_id'),
              JSONExtractString(event, 'mcp', 'kind'), JSONExtractString(event, 'mcp', 'sender'),
              JSONExtractString(event, 'mcp', 'method', 'name'), JSONExtractString(event, 'jsonrpc', 'request', 'id'),
              JSONExtractString(event, 'mcp', 'session', 'id'), JSONExtractString(event, 'gen_ai', 'tool', 'name'),
              JSONExtractUInt(event, 'mcp', 'request_bytes'), JSONExtractUInt(event, 'mcp', 'response_bytes')) AS same,
    JSONExtractString(event, 'sensor_id') AS sensor_id,
    JSONExtractString(event, 'sensor_group') AS sensor_group,
    JSONExtractString(event, 'rules_version') AS rules_version,
    JSONExtractString(event, 'policy_version') AS policy_version,
    JSONExtractString(event, 'community_id') AS community_id,
    JSONExtractUInt(event, 'flow_id') AS flow_id,
    JSONExtractString(event, 'src_ip') AS src_ip,
    JSONExtractUInt(event, 'src_port') AS src_port,
    JSONExtractString(event, 'dest_ip') AS dest_ip,
    JSONExtractUInt(event, 'dest_port') AS dest_port,
    if(JSONHas(event, 'mcp', 'server'),
       concat(if(for_everybody, seen_host, concat(seen_host, '@', seen_ip)), ':', toString(seen_port),
              JSONExtractString(event, 'mcp', 'server', 'path')), '') AS server,
    seen_host AS host,
    trimRight(concat(src_ip, ' ', JSONExtractString(event, 'mcp', 'client', 'name'))) AS client,
    JSONExtractString(event, 'mcp', 'client', 'name') AS client_name,
    JSONExtractString(event, 'mcp', 'client', 'version') AS client_version,
    JSONExtractString(event, 'mcp', 'server', 'name') AS server_name,
    JSONExtractString(event, 'mcp', 'server', 'version') AS server_version,
    JSONExtractString(event, 'mcp', 'transport') AS transport,
    JSONExtractString(event, 'mcp', 'verdict') AS verdict,
    JSONExtractString(event, 'mcp', 'session', 'id') AS session_id,
    JSONExtractString(event, 'mcp', 'kind') AS kind,
    JSONExtractString(event, 'mcp', 'method', 'name') AS method,
    if(event_type = 'inventory', JSONExtractString(event, 'inventory', 'name'), JSONExtractString(event, 'gen_ai', 'tool', 'name')) AS tool,
    JSONExtractString(event, 'mcp', 'outcome') AS outcome,
    JSONExtractFloat(event, 'mcp', 'duration_ms') AS duration_ms,
    JSONExtractString(event, 'alert', 'category') AS category,
    JSONExtractUInt(event, 'alert', 'severity') AS severity,
    JSONExtractString(event, 'alert', 'signature') AS signature,
    JSONExtractString(event, 'alert', 'id') AS alert_id,
    JSONExtractUInt(event, 'alert', 'count') AS alert_count,
    JSONExtractBool(event, 'alert', 'closing') AS alert_closing,
    JSONExtractString(event, 'inventory', 'kind') AS change_kind,
    JSONExtractString(event, 'inventory', 'change') AS change,
    JSONExtractString(event, 'inventory', 'fingerprint') AS fingerprint,
    event
FROM umbratap.incoming
WHERE JSONHas(event, 'event_type');

-- Servers for ever: an aggregate a server, that delivery in any order, or twice, does not change.
CREATE TABLE IF NOT EXISTS umbratap.server_states
(
    server      String,
    first_seen  SimpleAggregateFunction(min, DateTime64(6, 'UTC')),
    last_seen   SimpleAggregateFunction(max, DateTime64(6, 'UTC')),
    verdict     AggregateFunction(argMax, String, DateTime64(6, 'UTC')),
    name        AggregateFunction(argMax, String, DateTime64(6, 'UTC')),
    version     AggregateFunction(argMax, String, DateTime64(6, 'UTC')),
    clients     AggregateFunction(uniqExact, String),
    addresses   AggregateFunction(uniqExact, String),
    sensors     AggregateFunction(groupUniqArray, String),
    sessions    AggregateFunction(uniqExact, UInt64)
)
ENGINE = AggregatingMergeTree ORDER BY server;

CREATE MATERIALIZED VIEW IF NOT EXISTS umbratap.events_to_servers TO umbratap.server_states AS
SELECT
    e.server AS server,
    min(e.timestamp) AS first_seen,
    max(e.timestamp) AS last_seen,
    argMaxState(toString(e.verdict), e.timestamp) AS verdict,
    argMaxStateIf(e.server_name, e.timestamp, e.server_name != '') AS name,
    argMaxStateIf(e.server_version, e.timestamp, e.server_version != '') AS version,
    uniqExactState(e.client) AS clients,
    uniqExactState(e.src_ip) AS addresses,
    groupUniqArrayState(toString(e.sensor_id)) AS sensors,
    uniqExactStateIf(e.same, e.event_type = 'mcp_session') AS sessions
FROM umbratap.events AS e
WHERE e.server != '' AND e.event_type IN ('mcp', 'mcp_session', 'inventory') AND e.verdict != ''
GROUP BY server;

CREATE VIEW IF NOT EXISTS umbratap.servers AS
SELECT
    server,
    argMaxMerge(s.verdict) AS verdict,
    argMaxMerge(s.name) AS name,
    argMaxMerge(s.version) AS version,
    min(s.first_seen) AS first_seen,
    max(s.last_seen) AS last_seen,
    uniqExactMerge(s.clients) AS clients,
    uniqExactMerge(s.addresses) AS addresses,
    uniqExactMerge(s.sessions) AS sessions,
    arraySort(groupUniqArrayMerge(s.sensors)) AS sensors
FROM umbratap.server_states AS s
GROUP BY server;

-- Tools for ever: a row for each definition that a sensor saw.
CREATE TABLE IF NOT EXISTS umbratap.tool_states
(
    server       String,
    tool         String,
    fingerprint  String,
    sensor_id    LowCardinality(String),
    first_seen   SimpleAggregateFunction(min, DateTime64(6, 'UTC')),
    last_seen    SimpleAggregateFunction(max, DateTime64(6, 'UTC'))
)
ENGINE = AggregatingMergeTree ORDER BY (server, tool, fingerprint, sensor_id);

CREATE MATERIALIZED VIEW IF NOT EXISTS umbratap.events_to_tools TO umbratap.tool_states AS
SELECT server, tool, fingerprint, sensor_id, min(timestamp) AS first_seen, max(timestamp) AS last_seen
FROM umbratap.events
WHERE event_type = 'inventory' AND change_kind = 'tool' AND fingerprint != ''
GROUP BY server, tool, fingerprint, sensor_id;

-- Exchanges, each as often as it happened, however many sensors saw it: of what is alike the sensor that saw the most counts.
CREATE VIEW IF NOT EXISTS umbratap.exchanges AS
SELECT
    day, same,
    any(first) AS first_seen,
    any(server) AS server, any(client) AS client, any(verdict) AS verdict,
    any(method) AS method, any(tool) AS tool, any(outcome) AS outcome, any(duration_ms) AS duration_ms,
    max(seen) AS times,
    arraySort(groupUniqArray(sensor_id)) AS sensors
FROM
(
    SELECT
        toDate(timestamp) AS day, same, sensor_id, uniqExact(event_id) AS seen, min(timestamp) AS first,
        any(server) AS server, any(client) AS client, any(verdict) AS verdict,
        any(method) AS method, any(tool) AS tool, any(outcome) AS outcome, any(duration_ms) AS duration_ms
    FROM umbratap.events
    WHERE event_type = 'mcp'
    GROUP BY day, same, sensor_id
)
GROUP BY day, same;

-- Findings, a row each: what several sensors, or a first and a closing event, say of one.
CREATE VIEW IF NOT EXISTS umbratap.findings AS
SELECT
    min(timestamp) AS first_seen, max(timestamp) AS last_seen,
    category, min(severity) AS severity, any(signature) AS signature,
    server, client, max(alert_count) AS count,
    arraySort(groupUniqArray(sensor_id)) AS sensors
FROM umbratap.events
WHERE event_type = 'alert'
GROUP BY category, server, client, toStartOfInterval(timestamp, INTERVAL 10 MINUTE);

-- What sensors say of themselves, the latest first.
CREATE VIEW IF NOT EXISTS umbratap.sensors AS
SELECT
    sensor_id,
    argMax(sensor_group, timestamp) AS sensor_group,
    max(timestamp) AS last_seen,
    argMax(rules_version, timestamp) AS rules_version,
    argMax(policy_version, timestamp) AS policy_version,
    argMaxIf(JSONExtractUInt(event, 'stats', 'capture', 'packets'), timestamp, event_type = 'stats') AS packets
FROM umbratap.events
GROUP BY sensor_id;
