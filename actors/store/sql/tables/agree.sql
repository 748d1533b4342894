-- Forgets the tables of a source that disagree no longer, and tells of them; of one that is not compared any more, as
-- when a season is over, nobody is told.
WITH found AS (
    SELECT * FROM jsonb_to_recordset(%(disagreeing)s) AS i (season text, league text, division text, age_group text)
), held AS (
    SELECT * FROM jsonb_to_recordset(%(compared)s) AS i (season text, league text, division text, age_group text)
), over AS (
    DELETE FROM touchline.table_troubles AS t
    WHERE t.source = %(source)s
      AND (t.season, t.league, t.division, t.age_group) NOT IN (SELECT * FROM found)
    RETURNING t.season, t.league, t.division, t.age_group, t.since,
              jsonb_build_object('season', t.season, 'league', t.league, 'age_group', t.age_group,
                                 'division', t.division) AS scope
)
INSERT INTO touchline.news (news_id, kind, source, scope, run_id, payload)
SELECT gen_random_uuid(), 'table.agrees', %(source)s, scope::text, %(run_id)s,
       jsonb_build_object(
           'source', %(source)s::text, 'scope', scope, 'run_id', %(run_id)s::uuid, 'state', 'agrees', 'error', NULL,
           'since', since, 'counts', jsonb_build_object('differences', 0))
FROM over
WHERE (season, league, division, age_group) IN (SELECT * FROM held)
