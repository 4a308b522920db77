-- Servers that no sensor has ever seen before today (UTC).
SELECT server, verdict, name, clients, first_seen, sensors
FROM umbratap.servers
WHERE first_seen >= toStartOfDay(now('UTC'))
ORDER BY first_seen
