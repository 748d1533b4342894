-- What matches can be asked for by: the names that there are, each list in the order in which people look for them. Names of
-- divisions are many, and are cut at a limit.
SELECT (SELECT array_agg(DISTINCT source) FROM touchline.division_labels) AS sources,
       (SELECT array_agg(DISTINCT league) FROM touchline.division_labels WHERE league <> '') AS leagues,
       (SELECT array_agg(DISTINCT season ORDER BY season DESC) FROM touchline.division_labels) AS seasons,
       ARRAY(SELECT age_group
               FROM (SELECT DISTINCT age_group FROM touchline.division_labels) AS each_group
              ORDER BY substring(age_group FROM '[0-9]+')::int, age_group) AS age_groups,
       ARRAY(SELECT DISTINCT division FROM touchline.division_labels ORDER BY division LIMIT %(limit)s::bigint) AS divisions;
