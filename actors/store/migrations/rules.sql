-- The rules of league tables, run by every `touchline migrate` in its transaction. A row that says the same already is
-- left alone, and a league that has no rules of its own any more goes by the default ones.
WITH wanted AS (
    SELECT * FROM jsonb_to_recordset(%(rules)s) AS i (
        league text, win smallint, draw smallint, loss smallint, shootout_win smallint, shootout_loss smallint,
        match_types text[], forfeits boolean, ranking text[])
), gone AS (
    DELETE FROM touchline.league_rules WHERE league NOT IN (SELECT league FROM wanted)
)
INSERT INTO touchline.league_rules AS r (
    league, win, draw, loss, shootout_win, shootout_loss, match_types, forfeits, ranking)
SELECT league, win, draw, loss, shootout_win, shootout_loss, match_types, forfeits, ranking FROM wanted
ON CONFLICT (league) DO UPDATE
SET win = excluded.win, draw = excluded.draw, loss = excluded.loss, shootout_win = excluded.shootout_win,
    shootout_loss = excluded.shootout_loss, match_types = excluded.match_types, forfeits = excluded.forfeits,
    ranking = excluded.ranking
WHERE (r.win, r.draw, r.loss, r.shootout_win, r.shootout_loss, r.match_types, r.forfeits, r.ranking)
   IS DISTINCT FROM (excluded.win, excluded.draw, excluded.loss, excluded.shootout_win, excluded.shootout_loss,
                     excluded.match_types, excluded.forfeits, excluded.ranking)
