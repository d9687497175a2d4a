// Asks for what the first view shows while the page's own script is still on its way: on a slow line that is half a
// second. A script of its own and no module, so that it runs as soon as it has come. `api.js` takes the answers.

(() => {
  const LINK = '#token=';
  const { hash } = location;
  const isLink = hash.startsWith(LINK);
  // Why only there: elsewhere nobody is signed in by a link.
  const development = document.querySelector('meta[name="mode"]').content === 'development';
  const linked = isLink && development ? hash.slice(LINK.length) : null;
  const token = isLink ? linked : sessionStorage.getItem('yourbit-video-token');
  const isList = isLink || ['', '#', '#/'].includes(hash);
  if (!token || !isList) return;
  const headers = { Authorization: `Bearer ${token}` };
  const ask = (path) => [path, fetch(path, { headers }).catch(() => null)];
  globalThis.early = { token, answers: new Map(['v1/session', 'v1/videos?limit=24&count=true'].map(ask)) };
})();
