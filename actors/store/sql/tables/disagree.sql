-- Remembers the tables of a source that disagree, and tells of those that did not before; returns these.
WITH found AS (
    SELECT * FROM jsonb_to_recordset(%(disagreeing)s) AS i (
        season text, league text, division text, age_group text, sentence text, differences integer)
), known AS (
    SELECT season, league, division, age_group FROM touchline.table_troubles WHERE source = %(source)s
), written AS (
    INSERT INTO touchline.table_troubles AS t (source, season, league, division, age_group, sentence)
    SELECT %(source)s, season, league, division, age_group, sentence FROM found
    ORDER BY season, league, division, age_group
    ON CONFLICT (source, season, league, division, age_group) DO UPDATE SET sentence = excluded.sentence
    WHERE t.sentence <> excluded.sentence
), news AS (
    SELECT found.*, jsonb_build_object(
               'season', season, 'league', league, 'age_group', age_group, 'division', division) AS scope
    FROM found
    WHERE (season, league, division, age_group) NOT IN (SELECT * FROM known)
), told AS (
    INSERT INTO touchline.news (news_id, kind, source, scope, run_id, payload)
    SELECT gen_random_uuid(), 'table.disagrees', %(source)s, scope::text, %(run_id)s,
           jsonb_build_object(
               'source', %(source)s::text, 'scope', scope, 'run_id', %(run_id)s::uuid, 'state', 'disagrees',
               'error', left(sentence, 2000), 'since', now(),
               'counts', jsonb_build_object('differences', differences))
    FROM news
)
SELECT season, league, division, age_group, sentence FROM news
