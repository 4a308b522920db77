-- A server that nobody approved, and that several machines use: a tool that spreads.
WITH 3 AS clients_min
SELECT server, name, addresses AS machines, sessions, first_seen, last_seen, sensors
FROM umbratap.servers
WHERE verdict = 'shadow' AND addresses >= clients_min
ORDER BY machines DESC, server
