// The official page's habits: nothing is shown before consent, and the network never rests.

const COOKIE = "OptanonAlertBoxClosed";
const consent = document.getElementById("onetrust-consent-sdk");

if (document.cookie.includes(`${COOKIE}=`)) reveal();
else consent.hidden = false;

document.getElementById("onetrust-accept-btn-handler").addEventListener("click", () => {
  document.cookie = `${COOKIE}=yes; path=/; max-age=31536000; samesite=lax`;
  reveal();
});

setInterval(() => fetch("/mlsnext/ticker", { cache: "no-store" }).catch(() => {}), 400);

function reveal() {
  consent.remove();
  for (const frame of document.querySelectorAll("iframe[data-src]")) frame.src = frame.dataset.src;
}
