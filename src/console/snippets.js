// Lines to copy: how to upload, play and embed by oneself. No token ever stands in them.

import { SERVICE } from './api.js';
import { copyText } from './copy.js';
import { announce, freshId, h } from './dom.js';
import { icon } from './icons.js';

/** The service's address, to put a path behind. */
const ADDRESS = SERVICE.href.replace(/\/$/, '');
const BARE = ['put', 'put_content_range'];

/** One upload from a terminal. `descriptor`: of an upload that was made here, to fit the provider's protocol. */
export function uploadSnippet(descriptor) {
  if (!descriptor || BARE.includes(descriptor.protocol)) {
    return `# TOKEN is a token of your application, for one of its users
URL=$(curl -sSf ${ADDRESS}/v1/uploads -X POST \\
  -H "Authorization: Bearer $TOKEN" -H "Accept: text/plain" \\
  -H "Content-Type: application/json" \\
  -d '{"title": "My clip", "filename": "clip.mp4"}')
curl -sSf -T clip.mp4 "$URL"`;
  }
  return `# TOKEN is a token of your application, for one of its users
curl -sSf ${ADDRESS}/v1/uploads -X POST \\
  -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
  -d "{\\"title\\": \\"My clip\\", \\"file_size\\": $(stat -c %s clip.mp4)}" > upload.json
${sendLines(descriptor)}`;
}

function sendLines(descriptor) {
  if (descriptor.protocol.startsWith('post_form')) {
    const fields = Object.keys(descriptor.form_fields ?? {});
    const flags = fields.map((name) => ` \\\n  -F "${name}=$(jq -r '.upload.form_fields["${name}"]' upload.json)"`).join('');
    return `curl -sSf "$(jq -r .upload.url upload.json)"${flags} \\\n  -F "${descriptor.file_field || 'file'}=@clip.mp4"`;
  }
  return `# then give .upload.url, .upload.headers and .upload.tus_metadata
# to a tus client, in chunks of .upload.chunk.default bytes
jq .upload upload.json`;
}

/** Addresses to play, from a terminal. */
export function playbackSnippet(video) {
  return `curl -sSf ${ADDRESS}/v1/videos/${video.id}/playback \\
  -H "Authorization: Bearer $TOKEN" | jq -r .urls.hls`;
}

/** A player for a page: with the address itself where it is fixed, else with the answer of one's own backend. */
export function embedSnippet(video) {
  const fixed = video.playback_policy === 'public' && video.playback_url;
  const playback = fixed
    ? `playback: async () => ({ urls: { hls: ${JSON.stringify(video.playback_url)} } }),`
    : `// Your backend asks GET /v1/videos/${video.id}/playback
    // with a token for its viewer, and gives the answer to your page.
    playback: () => fetch('/your-backend/playback'),`;
  return `<video id="video" controls playsinline></video>
<script type="module">
  import { play } from '${ADDRESS}/client/v1/player.js';
  play(document.getElementById('video'), {
    ${playback}
  });
</script>`;
}

/** A titled block with a button that copies it. */
export function snippet(title, text, hint) {
  const heading = freshId('snippet');
  const label = h('span', {}, 'Copy');
  const button = h('button', { type: 'button', class: 'quiet copy', 'aria-describedby': heading }, icon('copy'), label);
  button.addEventListener('click', async () => {
    const done = await copyText(text);
    label.textContent = done ? 'Copied' : 'Select and copy it by hand';
    announce(done ? `${title} copied.` : 'The browser does not let this page copy.');
    setTimeout(() => { label.textContent = 'Copy'; }, 2000);
  });
  return h('div', { class: 'snippet' },
    h('div', { class: 'snippet-head' }, h('h3', { id: heading }, title), button),
    hint ? h('p', { class: 'hint' }, hint) : null,
    h('pre', { tabindex: '0', role: 'region', 'aria-labelledby': heading }, h('code', {}, text)));
}
