// Runs before the first paint, so that no page flashes in the wrong theme. src/lib/theme.ts is the other half.
(function () {
  var choice = null;
  try {
    choice = localStorage.getItem('eventrelay.theme');
  } catch (_) {
    // Storage may be switched off: the system's theme it is.
  }
  var dark = choice === 'dark' || (choice !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
})();
