-- What servers cost the context of a model, in tokens, about: their lists of tools, what clients send and what comes back. Each session
-- once, however many sensors saw it.
SELECT
    server, client, count() AS sessions,
    sum(list) AS list_tokens, sum(arguments) AS argument_tokens, sum(results) AS result_tokens
FROM
(
    SELECT
        any(server) AS server, any(client) AS client,
        max(JSONExtractUInt(event, 'mcp', 'list_tokens_estimate')) AS list,
        max(JSONExtractUInt(event, 'mcp', 'argument_tokens_estimate')) AS arguments,
        max(JSONExtractUInt(event, 'mcp', 'result_tokens_estimate')) AS results
    FROM umbratap.events
    WHERE event_type = 'mcp_session'
    GROUP BY toDate(timestamp), same
)
GROUP BY server, client
HAVING list_tokens + argument_tokens + result_tokens > 0
ORDER BY list_tokens + argument_tokens + result_tokens DESC, server, client
