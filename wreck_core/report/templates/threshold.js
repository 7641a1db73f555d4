{
  const form = document.querySelector(".picker");
  if (form) {
    const data = JSON.parse(document.getElementById("pick-data").textContent);
    const part = (name) => document.getElementById(name ? `pick-${name}` : "pick");
    const share = (value, total) => total ? `${(100 * value / total).toFixed(0)} %` : "none";
    const counts = (at) => {
      const [found, alarms] = data.models[part("model").value][at];
      return { found, alarms, missed: data.positives - found, passed: data.negatives - alarms };
    };
    const cost = (at) => counts(at).missed * part("cost").valueAsNumber + counts(at).alarms;
    const show = () => {
      const at = part("").valueAsNumber, now = counts(at);
      part("value").textContent = (at / 100).toFixed(2);
      for (const [name, value] of Object.entries(now)) part(name).textContent = value.toLocaleString("en");
      const price = cost(at);
      part("says").textContent = `${share(now.found, data.positives)} are found; ` +
        `${share(now.found, now.found + now.alarms)} of alarms are right` +
        (Number.isFinite(price) ? `; the mistakes cost ${Math.round(price).toLocaleString("en")} false alarms.` : ".");
    };
    const stored = () => {
      part("").value = Math.round(100 * part("model").selectedOptions[0].dataset.threshold);
      show();
    };
    form.addEventListener("submit", (event) => event.preventDefault());
    part("").addEventListener("input", show);
    part("cost").addEventListener("input", show);
    part("model").addEventListener("change", stored);
    part("cheapest").addEventListener("click", () => {
      const prices = data.models[part("model").value].map((_, at) => cost(at));
      part("").value = prices.indexOf(Math.min(...prices));
      show();
    });
    form.hidden = false;
    stored();
  }
}
