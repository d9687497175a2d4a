// One video: its stage, its name, what is known of it, what happened to it, and how to use it elsewhere.

import { AdminApi } from './admin_api.js';
import { copyButton } from './copy.js';
import { announce, field, fill, h } from './dom.js';
import { icon } from './icons.js';
import { watch } from './live.js';
import { posterPanel } from './poster.js';
import { embedSnippet, playbackSnippet, snippet, uploadSnippet } from './snippets.js';
import { Stage } from './stage.js';
import { Timeline } from './timeline.js';
import { VideoDetails } from './video_details.js';
import { VideoFacts } from './video_facts.js';
import { VideoFiles } from './video_files.js';
import { VideoReplacement } from './video_replacement.js';
import { VideoTracks } from './video_tracks.js';
import { STATUS, problemBox } from './words.js';

/** Characters from which on a title is written smaller. */
const LONG = 60;

/** `{element, title, close()}`. */
export function videoPage({ api, session, uploads, go }, id) {
  const page = new VideoPage({ api, session, uploads, go }, id);
  page.open();
  return page;
}

class VideoPage {
  title = 'Video';
  #api;
  #session;
  #uploads;
  #go;
  #id;
  #video = null;
  #upload = null;
  #stopWatch = () => {};
  #closed = false;
  #heading = h('h1', { tabindex: '-1', dir: 'auto' }, 'Video');
  #pencil = h('button', { type: 'button', class: 'quiet icon-only', 'aria-label': 'Rename', hidden: true, onclick: () => this.#rename() }, icon('pencil'));
  #name = h('div', { class: 'name' }, this.#heading, this.#pencil);
  #status = h('span', { class: 'pill' });
  #note = h('div');
  #trouble = h('div');
  #below = h('div', { class: 'below' });
  #poster = h('div');
  #elsewhere = h('div');
  #panels = '';
  #timeline = null;

  constructor({ api, session, uploads, go }, id) {
    this.#api = api;
    this.#session = session;
    this.#uploads = uploads;
    this.#go = go;
    this.#id = id;
    const failed = (error) => this.#fail(error);
    const onVideo = (video) => this.#show(video);
    this.stage = new Stage({ api, session, uploads, onCancel: () => this.#cancel(), onCancelFailed: failed });
    this.facts = new VideoFacts({ api, session, id, admin: session.isAdmin ? new AdminApi(api) : null, onVideo, onDelete: () => this.#remove(), onProblem: failed });
    this.details = new VideoDetails(api, session, { onSaved: onVideo });
    this.files = new VideoFiles(api, session, { onVideo });
    this.tracks = new VideoTracks(api, session, { onVideo, onShow: (track) => this.#showTrack(track) });
    this.replacement = new VideoReplacement(api, session, { onVideo: (video) => this.#showAndFollow(video), admin: session.isAdmin ? new AdminApi(api) : null });
    this.watch = h('div', { class: 'watch' }, this.stage.element, this.facts.element);
    this.watch.hidden = true;
    this.element = h('div', { class: 'page wide-page', 'aria-busy': 'true' },
      h('a', { class: 'back', href: '#/' }, icon('back'), 'All videos'),
      h('div', { class: 'title-line' }, this.#name, this.#status), this.#note, this.#trouble, this.watch, this.#below);
  }

  async open() {
    this.#upload = this.#uploads.of(this.#id);
    this.#upload?.addEventListener('change', this.#uploadChanged);
    if (this.#upload) this.#show(this.#upload.video);
    try {
      const video = await this.#api.read(this.#id);
      if (this.#closed) return;
      fill(this.#note);
      this.#show(video);
      this.#follow(video);
    } catch (error) {
      if (this.#closed) return;
      const missing = error.status === 404;
      this.#heading.textContent = missing ? 'There is no such video' : 'Video';
      const told = missing ? h('p', { class: 'hint' }, 'Its address has the id ', h('code', {}, this.#id), copyButton(this.#id, 'Copy the id')) : null;
      fill(this.#note, problemBox(error, missing ? {} : { retry: () => this.open() }), told);
    } finally {
      this.element.removeAttribute('aria-busy');
    }
  }

  close() {
    this.#closed = true;
    this.#stopWatch();
    this.#upload?.removeEventListener('change', this.#uploadChanged);
    this.#timeline?.close();
    this.stage.close();
    this.files.close();
    this.tracks.close();
    this.replacement.close();
  }

  #fail(error) {
    fill(this.#note, problemBox(error));
    this.#note.scrollIntoView({ block: 'nearest' });
  }

  #follow(video) {
    this.#stopWatch();
    this.#stopWatch = watch(this.#api, video, {
      onVideo: (next) => this.#show(next),
      onGone: () => this.#show({ ...this.#video, status: 'deleted' }),
      onTrouble: (error) => fill(this.#trouble, error ? problemBox(error) : null),
    });
  }

  /** Something was begun: what becomes of it is followed. */
  #showAndFollow(video) {
    this.#show(video);
    this.#follow(video);
  }

  #uploadChanged = () => {
    const { video, state } = this.#upload;
    // Begun anew, which makes another video.
    if (video && video.id !== this.#id) return this.#go(`#/videos/${video.id}`);
    if (state === 'cancelled' && video && video.version > this.#video.version) this.#show(video);
    else this.#drawStatus();
  };

  /** On the pill and on the stage. */
  #drawStatus() {
    const kind = this.stage.update(this.#video, this.#upload);
    this.#status.textContent = STATUS[kind];
    this.#status.dataset.status = kind;
  }

  #show(video) {
    if (this.#closed || (this.#video && video.version < this.#video.version)) return;
    this.#video = video;
    this.watch.hidden = false;
    this.title = video.title || 'Untitled';
    document.title = `${this.title} · Yourbit Video`;
    if (!this.#name.querySelector('form')) this.#drawName();
    this.#drawStatus();
    this.facts.update(video, this.#upload);
    this.details.update(video);
    this.files.update(video);
    this.tracks.update(video);
    this.replacement.update(video);
    if (this.#panels !== video.status) this.#drawPanels();
    this.#timeline.show(video);
  }

  #drawName() {
    const title = this.#video.title || 'Untitled';
    const fixed = ['deleting', 'deleted'].includes(this.#video.status) || !this.#session.mayChangeThis(this.#video);
    this.#heading.textContent = title;
    this.#heading.classList.toggle('long', title.length > LONG);
    this.#heading.hidden = false;
    this.#name.querySelector('form')?.remove();
    // Why not made anew: it may have the focus, and so may the heading.
    this.#pencil.hidden = fixed;
  }

  #rename() {
    const input = h('input', { type: 'text', maxlength: '512', value: this.#video.title ?? '', autocomplete: 'off', dir: 'auto' });
    const back = () => {
      this.#drawName();
      this.#pencil.focus();
    };
    const form = h('form', { class: 'rename' }, field('Title', input),
      h('div', { class: 'actions' }, h('button', { type: 'submit', class: 'primary' }, 'Save'), h('button', { type: 'button', class: 'quiet', onclick: back }, 'Cancel')));
    form.addEventListener('keydown', (event) => event.key === 'Escape' && back());
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      try {
        const video = await this.#api.change(this.#id, { title: input.value.trim() || null });
        back();
        this.#show(video);
        fill(this.#note);
        announce('The title is saved.');
      } catch (error) {
        this.#fail(error);
      }
    });
    this.#heading.hidden = this.#pencil.hidden = true;
    this.#name.append(form);
    input.select();
  }

  /** What there is to do with a video, and what happened to it. */
  #drawPanels() {
    const video = this.#video;
    this.#panels = video.status;
    this.#timeline ??= new Timeline(this.#api, this.#session, video);
    const plays = video.status === 'ready' && this.#session.mayPlayThis(video);
    fill(this.#poster);
    fill(this.#elsewhere, plays ? this.#snippets() : null);
    if (this.#below.children.length === 0) fill(this.#below, this.#poster, this.tracks.element, this.files.element, this.replacement.element, this.#elsewhere, this.details.element, this.#timeline.element);
    if (plays) this.#picture().then((has) => has && this.#offerPoster());
  }

  #snippets() {
    const video = this.#video;
    const signed = video.playback_policy === 'signed';
    return h('details', { class: 'panel' }, h('summary', {}, h('h2', {}, 'Use it elsewhere')), h('div', { class: 'panel-body' },
      snippet('Embed', embedSnippet(video), signed ? 'The token stays with your backend: the page gets addresses alone, and fresh ones before they end.' : 'It plays for everybody who has the address.'),
      snippet('Playback address', playbackSnippet(video), signed ? 'Signed addresses end after a while; ask for fresh ones when they do.' : null),
      this.#session.mayUpload && snippet('Upload another', uploadSnippet(this.#uploads.latest?.descriptor))));
  }

  /** Gives the stage its picture; false where there is none: the video is sound only, or its provider makes no pictures. */
  async #picture() {
    let url = null;
    try {
      const { thumbnails } = await this.#api.thumbnails(this.#id);
      url = thumbnails.large ?? Object.values(thumbnails)[0] ?? null;
    } catch {
      // A video without a picture plays as well.
    }
    if (!this.#closed) this.stage.picture(url);
    return url !== null && !this.#closed;
  }

  #offerPoster() {
    if (!this.#session.mayChangeThis(this.#video)) return;
    const onSaved = (video) => {
      this.#show(video);
      this.#picture();
    };
    fill(this.#poster, posterPanel(this.#api, this.#video, { onSaved, playerTime: () => this.stage.time }));
  }

  /** Plays the video with a track. */
  #showTrack(track) {
    this.stage.element.scrollIntoView({ block: 'nearest' });
    return this.stage.theatre.show(track);
  }

  async #cancel() {
    try {
      this.#show(await this.#api.cancel(this.#id));
      announce('The upload is cancelled.');
    } catch (error) {
      this.#fail(error);
    }
  }

  async #remove() {
    try {
      const { confirmRemoval } = await import('./dialog.js');
      const removed = await confirmRemoval(this.#api, this.#video);
      if (!removed || this.#closed) return;
      this.#upload?.discard();
      this.#go('#/');
    } catch (error) {
      if (error.status === 404) return this.#go('#/');
      this.#fail(error);
    }
  }
}
