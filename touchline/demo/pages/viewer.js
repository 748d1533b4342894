// The demo league's viewer: loads one schedule and one standings file for each competition, and draws one division.
// Text reaches the page through textContent alone: names are other people's words.

const FEEDS = __FEEDS__;
const SEASON = "__SEASON__";
const PATHWAY = "Pro Player Pathway";

const root = document.getElementById("root");
const asked = new URLSearchParams(location.search);
const keys = FEEDS[asked.get("league")] ?? FEEDS.homegrown;

try {
  const competitions = await Promise.all(keys.map(load));
  draw(competitions);
  document.documentElement.dataset.state = "ready";
} catch (error) {
  root.replaceChildren(element("p", "error", `The league's data cannot be shown: ${error.message}`));
  document.documentElement.dataset.state = "failed";
}

async function load(key) {
  const [schedule, standings] = await Promise.all(["schedule", "standings"].map((kind) => json(`/data/${kind}/${key}.json`)));
  const { name, competition_brackets: brackets } = standings.competition_season;
  return { name, brackets, events: schedule.events, syncedAt: schedule.synced_at };
}

async function json(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
  if (!answer.headers.get("content-type")?.includes("json")) throw new Error(`${path} is not published`);
  return answer.json();
}

function draw(competitions) {
  const competition = select("Competition", competitions, (each) => each.name);
  const age = select("Age group", [], String);
  const division = select("Division", [], (bracket) => bracket.name);
  const columns = element("div", "columns");
  const synced = element("span", "synced");
  const header = element("header", "", [element("h1", "", `League viewer ${SEASON}`), synced]);
  root.replaceChildren(header, element("div", "choices", [competition, age, division]), columns);

  competition.onchange = () => {
    const { brackets, syncedAt } = competition.chosen();
    synced.textContent = `Updated ${syncedAt.replace("T", " ").replace("Z", " UTC")}`;
    age.offer([...new Set(brackets.map((bracket) => bracket.age_group.name))].sort());
    age.onchange();
  };
  age.onchange = () => {
    division.offer(competition.chosen().brackets.filter((bracket) => bracket.age_group.name === age.chosen()));
    division.onchange();
  };
  division.onchange = () => {
    columns.replaceChildren(fixtures(competition.chosen(), division.chosen()), table(division.chosen()));
  };
  competition.onchange();
  age.value = String(Math.max(0, [...age.options].findIndex((option) => option.text === (asked.get("age") ?? "U17"))));
  age.onchange();
}

function fixtures({ events, syncedAt }, bracket) {
  const squads = new Set(bracket.standings.map((row) => row.team.squad_id));
  const pathway = bracket.name.includes(PATHWAY);
  const mine = events.filter(
    (event) =>
      (squads.has(event.home_squad_id) || squads.has(event.away_squad_id)) &&
      event.competition.name.includes(PATHWAY) === pathway,
  );
  const rows = [];
  let day = "";
  for (const event of mine) {
    const local = localTime(event);
    if (local.day !== day) rows.push(element("tr", "day", [cell("", (day = local.day), 3)]));
    const row = element("tr", "fixture", [cell("when", local.clock), teams(event), score(event, syncedAt)]);
    row.dataset.gameKey = event.game_key;
    rows.push(row);
  }
  return section(`Fixtures and results · ${mine.length}`, element("table", "", [element("tbody", "", rows)]));
}

function localTime(event) {
  const zone = { timeZone: event.local_timezone };
  const start = new Date(event.start_time);
  const day = start.toLocaleDateString("en-GB", { ...zone, weekday: "short", day: "numeric", month: "long", year: "numeric" });
  const clock = start.toLocaleTimeString("en-GB", { ...zone, hour: "2-digit", minute: "2-digit" });
  return { day, clock: event.event_location.name === "TBD" ? "TBD" : clock };
}

function teams(event) {
  const where = element("span", "where", event.event_location.name);
  return element("td", "teams", [`${event.home_organisation.name} – ${event.away_organisation.name}`, where]);
}

function score(event, syncedAt) {
  if (!event.completed || event.start_time > syncedAt) return cell("score open", "–");
  const penalties = [event.home_penalty_shootout_score, event.away_penalty_shootout_score];
  const level = event.home_score === event.away_score && penalties.some(Boolean);
  return cell("score", `${event.home_score} : ${event.away_score}` + (level ? ` (${penalties.join(" : ")})` : ""));
}

function table(bracket) {
  const official = bracket.standings.some((row) => row.tiebreaker_values.points);
  const columns = official
    ? [["P", "matches_played"], ["W", "won"], ["D", "tie"], ["L", "loss"], ["Pts", "points"], ["PPM", "points_per_match_penalty_shootout"]]
    : [];
  const head = element("tr", "", ["", "Team", ...columns.map(([title]) => title)].map((title, place) => {
    return element("th", place === 1 ? "name" : "", title);
  }));
  const rows = bracket.standings.map(({ position, team, tiebreaker_values: values }) => {
    const name = element("td", "name", [badge(team), team.name]);
    const numbers = columns.map(([, key]) => cell(key === "points" ? "points" : "", values[key].value));
    return element("tr", "standing", [cell("", position), name, ...numbers]);
  });
  const whole = section(
    `${bracket.age_group.name} ${bracket.name}`,
    element("table", "", [element("thead", "", [head]), element("tbody", "", rows)]),
  );
  if (!official) whole.append(element("p", "note", `No table is published: ${bracket.tiebreakers[0].name} decides.`));
  return whole;
}

function badge(team) {
  // the crests are on another host: initials on the club's own colour do as well, and ask nobody
  const mark = element("span", "badge", team.name.replace(/[^\p{L}\p{N} ]/gu, "").split(" ").map((word) => word[0]).join("").slice(0, 2));
  mark.style.background = `hsl(${(team.organisation_id * 47) % 360} 45% 38%)`;
  return mark;
}

function section(title, content) {
  return element("section", "", [element("h2", "", title), content]);
}

function cell(kind, text, span = 1) {
  const made = element("td", kind, String(text));
  made.colSpan = span;
  return made;
}

function select(label, choices, name) {
  const made = element("select");
  made.ariaLabel = label;
  let offered = [];
  made.offer = (options) => {
    offered = options;
    made.replaceChildren(...options.map((option, place) => new Option(name(option), place)));
  };
  made.chosen = () => offered[Number(made.value)];
  made.offer(choices);
  return made;
}

function element(tag, kind = "", content = []) {
  const made = document.createElement(tag);
  if (kind) made.className = kind;
  made.append(...[content].flat());
  return made;
}
