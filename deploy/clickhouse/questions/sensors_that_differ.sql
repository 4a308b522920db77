-- Sensors that do not have the rules and the policy that most have, and sensors that have said nothing for an hour.
WITH
    (SELECT topK(1)(tuple(rules_version, policy_version)) FROM umbratap.sensors WHERE rules_version != '') AS usual
SELECT sensor_id, sensor_group, rules_version, policy_version, last_seen, last_seen < now64(6, 'UTC') - INTERVAL 1 HOUR AS silent
FROM umbratap.sensors
WHERE silent OR tuple(rules_version, policy_version) != usual[1]
ORDER BY sensor_id
