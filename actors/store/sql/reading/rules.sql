-- The rules of league tables as the database has them.
SELECT league, win, draw, loss, shootout_win, shootout_loss, match_types, forfeits, ranking FROM touchline.table_rules;
