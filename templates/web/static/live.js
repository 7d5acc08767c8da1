// The page follows its job by a stream of events. A stream that breaks is taken up again by htmx, but one whose very first
// request fails is not: then the page is loaded anew, which shows the present state and tries once more.
(() => {
  const LOOK_EVERY_MS = 20000;
  let connected = false;
  document.addEventListener("htmx:sse:after:connection", () => {
    connected = true;
  });
  setInterval(() => {
    if (!connected && !document.hidden) location.reload();
  }, LOOK_EVERY_MS);
})();
