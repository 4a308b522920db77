-- A tool whose present definition is not the same everywhere: a server that says one thing here and another there, or a
-- change that only some clients got yet. Definitions that were replaced on a sensor are not compared.
SELECT
    server, tool, uniqExact(now_is) AS definitions,
    arraySort(groupArray((toString(sensor_id), substring(now_is, 1, 16), last_seen))) AS by_sensor
FROM
(
    SELECT server, tool, sensor_id, argMax(fingerprint, first_seen) AS now_is, max(last_seen) AS last_seen
    FROM umbratap.tool_states
    GROUP BY server, tool, sensor_id
)
GROUP BY server, tool
HAVING definitions > 1
ORDER BY server, tool
