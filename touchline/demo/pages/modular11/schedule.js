// The schedule page's habits: it lists the first age group by a request of its own, and turns pages by js-page.

const list = document.querySelector(".container-schedule-list");
const age = document.querySelector("select[js-age]");
const groups = document.querySelector("select[js-groups]");
const consent = document.getElementById("onetrust-consent-sdk");

document.getElementById("onetrust-accept-btn-handler")?.addEventListener("click", () => {
  consent.remove();
  for (const frame of document.querySelectorAll("iframe[data-src]")) frame.src = frame.dataset.src;
});

if (document.body.classList.contains("restless")) {
  setInterval(() => fetch("/media/ticker", { cache: "no-store" }).catch(() => {}), 300);
  for (const select of [age, groups]) {
    const options = [...select.options];
    select.replaceChildren();
    setTimeout(() => select.replaceChildren(...options), 1500);
  }
}

async function show(page) {
  const [first] = document.body.dataset.season.split("-").map(Number);
  const asked = new URLSearchParams({
    open_page: page, academy: 0, tournament: document.body.dataset.tournament, gender: 0, age: age.value, brackets: "",
    groups: groups.value === "0" ? "" : groups.value, group: "", match_number: 0, status: "all", match_type: 2,
    schedule: 0, team: 0, teamPlayer: 0, location: 0, as_referee: 0, report_status: 0,
    start_date: `${first}-08-01 00:00:00`, end_date: `${first + 1}-06-30 23:59:59`,
  });
  const answer = await fetch(`/public_schedule/league/get_matches?${asked}`, {
    headers: { "X-Requested-With": "XMLHttpRequest" },
  });
  list.innerHTML = await answer.text();
}

if (list) {
  age.addEventListener("change", () => show(1));
  groups.addEventListener("change", () => show(1));
  list.addEventListener("click", (event) => {
    const page = event.target.getAttribute("js-page");
    if (page) {
      event.preventDefault();
      show(Number(page));
    }
  });
  show(1);
}
