// The official page's habits: a banner that comes late and lies over everything, a viewer that waits for consent and for
// somebody to scroll to it, and a network that never rests.

const COOKIE = "OptanonAlertBoxClosed";
const TWIST = document.body.dataset.twist;
const consent = document.getElementById("onetrust-consent-sdk");

if (TWIST === "no-banner" || document.cookie.includes(`${COOKIE}=`)) agreed();
else setTimeout(() => (consent.hidden = false), 200);

document.getElementById("onetrust-accept-btn-handler").addEventListener("click", () => {
  if (TWIST === "stubborn-banner") return;
  while (TWIST === "hanging-page");
  document.cookie = `${COOKIE}=yes; path=/; max-age=31536000; samesite=lax`;
  agreed();
});

setInterval(() => fetch("/mlsnext/ticker", { cache: "no-store" }).catch(() => {}), 200);

function agreed() {
  consent.remove();
  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      target.src = target.dataset.src;
      seen.unobserve(target);
    }
  });
  for (const frame of document.querySelectorAll("iframe[data-src]")) seen.observe(frame);
}
