// Why a video will never play: in words, and with the codes that programs and support need.

import { h } from './dom.js';
import { icon } from './icons.js';

/** By the code of the error: what happened, and what to do. */
const WORDS = {
  unsupported_file: 'The file is of a kind that no video can be made of. Convert it to MP4, and upload it again.',
  corrupt_file: 'The file is damaged or cut off. Upload it again from the original.',
  no_video: 'The file holds no video, and no sound that could be one.',
  too_long: 'The video is longer than is allowed here.',
  too_large: 'The file is larger than is allowed here.',
  policy_mismatch: 'The provider made the video for another kind of playback than was asked for. It is not played, so that nobody sees what is meant for few.',
  upload_lost: 'The upload did not come about. Upload the file again.',
  provider_lost: 'The provider does not have the video any more.',
  source_unreachable: 'The provider could not fetch the file from its address.',
  provider_rejected: 'The provider refused the upload.',
  provider_unavailable: 'The provider could not be reached when the upload began. Upload the file again.',
  processing_failed: 'The provider could not make a video of the file.',
};

/** `error` is that of a video. `more` stands below. */
export function failureScene(error, ...more) {
  const rows = [['Code', error?.code], ['The provider’s code', error?.provider_code]].filter(([, value]) => value);
  return h('div', { class: 'scene' }, h('span', { class: 'scene-icon bad' }, icon('warning')),
    h('p', { class: 'scene-title' }, 'This video failed'),
    h('p', { class: 'scene-text' }, WORDS[error?.code] ?? 'The provider could not make a video of the file.'),
    error?.message ? h('p', { class: 'quote', dir: 'auto' }, error.message) : null,
    rows.length > 0 ? h('dl', { class: 'rows narrow-rows' }, rows.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, h('code', {}, value))))) : null,
    ...more);
}
