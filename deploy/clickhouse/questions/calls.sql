-- How often which tool was called, each call once however many sensors saw it.
SELECT server, tool, sum(times) AS calls, uniqExact(client) AS clients, countIf(length(sensors) > 1) AS seen_by_several
FROM umbratap.exchanges
WHERE method = 'tools/call'
GROUP BY server, tool
ORDER BY calls DESC, server, tool
