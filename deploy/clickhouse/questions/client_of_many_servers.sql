-- A machine that talks to many servers, approved or not: an agent with a long list, or somebody trying them out.
WITH 5 AS servers_min
SELECT
    src_ip, uniqExact(server) AS servers, uniqExactIf(server, verdict = 'shadow') AS shadow_servers,
    arraySort(groupUniqArray(client_name)) AS programs, arraySort(groupUniqArray(toString(sensor_id))) AS sensors,
    max(timestamp) AS last_seen
FROM umbratap.events
WHERE event_type IN ('mcp', 'mcp_session') AND server != ''
GROUP BY src_ip
HAVING servers >= servers_min
ORDER BY servers DESC, src_ip
