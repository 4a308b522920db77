-- Definitions that replaced others: a rug pull, or an update.
SELECT
    server, tool, count() AS definitions, max(d.since) AS changed,
    argMin(substring(d.fingerprint, 1, 16), d.since) AS was, argMax(substring(d.fingerprint, 1, 16), d.since) AS is_now
FROM
(
    SELECT server, tool, fingerprint, min(first_seen) AS since
    FROM umbratap.tool_states
    GROUP BY server, tool, fingerprint
) AS d
GROUP BY server, tool
HAVING definitions > 1
ORDER BY changed DESC, server, tool
