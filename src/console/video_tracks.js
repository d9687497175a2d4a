// The captions and sounds of a video: those that are there, to show, to save and to delete, and what can be added.

import { announce, fill, h } from './dom.js';
import { Follower } from './follow.js';
import { icon } from './icons.js';
import { TrackForm } from './track_form.js';
import { KINDS, languageName, trackName } from './track_words.js';
import { problemBox } from './words.js';

const STATES = { preparing: 'On its way', ready: 'Ready', errored: 'Failed', deleting: 'Being deleted' };
const SOURCES = { uploaded: 'added', generated: 'written by the provider', embedded: 'in the video’s file' };
const UNFINISHED = ['preparing', 'deleting'];

/**
 * A `<details>` panel: `element` and `update(video)`. `onVideo(video)` hears of a change, `onShow(track)` that somebody wants to see
 * or hear a track.
 */
export class VideoTracks {
  #api;
  #session;
  #onVideo;
  #onShow;
  #video = null;
  #shown = '';
  #offered = '';
  #follower = new Follower(() => this.#look());
  #problem = h('div');
  #list = h('ul', { class: 'file-list' });
  #form = h('div');

  constructor(api, session, { onVideo, onShow }) {
    this.#api = api;
    this.#session = session;
    this.#onVideo = onVideo;
    this.#onShow = onShow;
    this.element = h('details', { class: 'panel', id: 'tracks-panel' }, h('summary', {}, h('h2', {}, 'Captions and sound')),
      h('div', { class: 'panel-body' }, this.#list, this.#problem, this.#form));
    this.element.hidden = true;
  }

  update(video) {
    this.#video = video;
    const offers = this.#offers();
    this.element.hidden = video.status !== 'ready' || (video.tracks.length === 0 && offers.length === 0);
    // Why not anew each time: a button may have the focus, and the form may be half filled in.
    const shown = JSON.stringify([video.tracks, video.status]);
    if (shown !== this.#shown) {
      this.#shown = shown;
      fill(this.#list, video.tracks.map((track) => this.#row(track)));
      this.#list.hidden = video.tracks.length === 0;
    }
    if (offers.join() !== this.#offered) {
      this.#offered = offers.join();
      fill(this.#form, offers.length > 0 ? new TrackForm(offers, (asked) => this.#add(asked)).element : null);
    }
    if (this.#isUnfinished()) this.#follower.start();
    else this.#follower.stop();
  }

  close() {
    this.#follower.stop();
  }

  #isUnfinished() { return this.#video.tracks.some(({ status }) => UNFINISHED.includes(status)); }

  // Why asked for: the event stream of a video ends when that is ready, and tracks come later.
  async #look() {
    const { version } = this.#video;
    const video = await this.#api.read(this.#video.id);
    this.#onVideo(video);
    return { news: video.version > version, unfinished: this.#isUnfinished() };
  }

  /** The ways by which this token may add a track at this provider. */
  #offers() {
    const video = this.#video;
    if (video.status !== 'ready' || !this.#session.info || !this.#session.mayChangeThis(video)) return [];
    const can = (name) => this.#session.can(video.provider, name);
    const fetches = Boolean(this.#session.info.ingest);
    return [
      can('tracks') && 'file',
      fetches && can('fetched_tracks') && 'address',
      fetches && can('sound_tracks') && 'sound',
      can('generated_tracks') && 'generate',
    ].filter(Boolean);
  }

  #row(track) {
    const { language, name, kind, status, source, error } = track;
    const named = trackName(track);
    const words = [KINDS[kind] ?? kind, name && name !== languageName(language) ? name : null, SOURCES[source]].filter(Boolean).join(', ');
    const plays = status === 'ready' && this.#session.mayPlayThis(this.#video);
    const isText = kind !== 'audio';
    const deletes = status !== 'deleting' && this.#session.mayChangeThis(this.#video) && this.#session.can(this.#video.provider, 'tracks') && (isText || source !== 'embedded');
    const button = (label, picture, run) => h('button', { type: 'button', class: 'quiet small', 'aria-label': `${label}: ${named}`, onclick: run }, icon(picture), label);
    return h('li', {},
      h('span', { class: 'file-name' }, h('strong', { dir: 'auto' }, languageName(language)), h('span', { class: 'hint', dir: 'auto' }, words), error ? h('span', { class: 'hint' }, error.message) : null),
      h('span', { class: 'pill', 'data-status': status }, STATES[status] ?? status),
      h('span', { class: 'actions' },
        plays ? button(isText ? 'Show' : 'Play', 'play', () => this.#onShow(track)) : null,
        plays && isText ? button('Save', 'into', () => this.#try(() => this.#save(track))) : null,
        deletes ? button('Delete', 'trash', () => this.#remove(track)) : null));
  }

  /** Rejects where the service refuses it: the form shows that. */
  async #add({ file, query, body }) {
    const { id } = this.#video;
    const track = file ? await this.#api.sendTrack(id, query, file) : await this.#api.askForTrack(id, body);
    announce(`${trackName(track)} is on its way.`);
    this.#onVideo(await this.#api.read(id));
  }

  async #save(track) {
    const text = await this.#api.trackFile(this.#video.id, track.id);
    const url = URL.createObjectURL(new Blob([text], { type: 'text/vtt' }));
    h('a', { href: url, download: saveName(this.#video, track) }).click();
    // Why later: the browser reads the address after the click.
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }

  async #remove(track) {
    const { confirm } = await import('./dialog.js');
    const named = trackName(track);
    const sure = await confirm({ title: 'Delete this track?', text: `${named} is no longer offered to viewers. The video itself stays.`, yes: 'Delete the track' });
    if (!sure) return;
    await this.#try(async () => {
      await this.#api.removeTrack(this.#video.id, track.id);
      announce(`${named} is being deleted.`);
      this.#onVideo(await this.#api.read(this.#video.id));
    });
  }

  async #try(work) {
    fill(this.#problem);
    try {
      await work();
    } catch (error) {
      fill(this.#problem, problemBox(error));
    }
  }
}

/** Such as `My-clip.de.vtt`. */
function saveName(video, track) {
  const title = (video.title || 'video').replace(/[^\p{L}\p{N}_-]+/gu, '-').replace(/^-+|-+$/g, '');
  return `${title || 'video'}.${track.language}.vtt`;
}
