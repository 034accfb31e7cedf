/**
 * For whoever looks through a link: when it ends by their own clock too, where that is another than the family's.
 */

for (const element of document.querySelectorAll("time[data-moment]")) {
  const moment = new Date(element.dateTime);
  const shown = (timeZone) => new Intl.DateTimeFormat("en-GB", { weekday: "short", hour: "2-digit", minute: "2-digit", timeZone }).format(moment);
  const here = shown(undefined);
  if (here !== shown(element.dataset.moment)) element.append(` there, ${here.replace(",", "")} your time`);
}
