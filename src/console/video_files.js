// The files of a video besides its stream: those that are there, to save and to delete, and those that can be asked for.

import { announce, fill, h } from './dom.js';
import { Follower } from './follow.js';
import { bytes } from './format.js';
import { icon } from './icons.js';
import { problemBox } from './words.js';

/** Characters of the name under which a file is saved: every provider takes as many. */
const LONGEST_NAME = 100;

/** What the names of files mean. Sizes such as 1080p say it themselves. */
const NAMES = { highest: 'Best quality', 'audio-only': 'Sound alone', source: 'Source' };
const STATES = { preparing: 'Being made', ready: 'Ready', errored: 'Could not be made' };
const GONE = ['deleting', 'deleted'];

/** A `<details>` panel: `element` and `update(video)`. `onVideo(video)` hears of a change. */
export class VideoFiles {
  #api;
  #session;
  #onVideo;
  #video = null;
  #shown = '';
  #follower = new Follower(() => this.#look());
  #problem = h('div');
  #list = h('ul', { class: 'file-list' });
  #make = h('div', { class: 'actions' });
  #body = h('div', { class: 'panel-body' }, this.#list, this.#make, this.#problem);

  constructor(api, session, { onVideo }) {
    this.#api = api;
    this.#session = session;
    this.#onVideo = onVideo;
    this.element = h('details', { class: 'panel', id: 'files-panel' }, h('summary', {}, h('h2', {}, 'Files')), this.#body);
    this.element.hidden = true;
  }

  update(video) {
    this.#video = video;
    const names = this.#names();
    this.element.hidden = video.status !== 'ready' || (video.renditions.length === 0 && names.length === 0);
    // Why not anew each time: a button may have the focus.
    const shown = JSON.stringify([video.renditions, names, video.status]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#draw(names);
    if (this.#isMaking()) this.#follower.start();
    else this.#follower.stop();
  }

  close() {
    this.#follower.stop();
  }

  #isMaking() { return this.#video.renditions.some((file) => file.status === 'preparing'); }

  // Why asked for: the event stream of a video ends when that is ready, and files come later.
  async #look() {
    const { version } = this.#video;
    const video = await this.#api.read(this.#video.id);
    this.#onVideo(video);
    return { news: video.version > version, unfinished: this.#isMaking() };
  }

  /** The names that this token may ask for, of files that are not there. */
  #names() {
    const video = this.#video;
    if (!this.#session.mayChangeThis(video) || GONE.includes(video.status)) return [];
    const there = video.renditions.filter((file) => file.status !== 'errored').map((file) => file.name);
    return this.#session.filesOf(video.provider).filter((name) => !there.includes(name));
  }

  #draw(names) {
    const { renditions } = this.#video;
    fill(this.#list, renditions.map((file) => this.#row(file)));
    this.#list.hidden = renditions.length === 0;
    if (names.length === 0) return fill(this.#make);
    const choice = h('select', { 'aria-label': 'File to make' }, names.map((name) => h('option', { value: name }, nameOf(name))));
    fill(this.#make, choice, h('button', { type: 'button', onclick: () => this.#ask(choice.value) }, icon('more'), 'Make this file'));
  }

  #row(file) {
    const video = this.#video;
    const size = [file.width && file.height && `${file.width} × ${file.height}`, file.bytes && bytes(file.bytes)].filter(Boolean).join(', ');
    const saves = file.status === 'ready' && this.#session.mayPlayThis(video);
    const deletes = this.#session.mayChangeThis(video) && this.#session.canDeleteFiles(video.provider, file.name);
    return h('li', {}, h('span', { class: 'file-name' }, h('strong', {}, nameOf(file.name)), size ? h('span', { class: 'hint' }, size) : null),
      h('span', { class: 'pill', 'data-status': file.status }, STATES[file.status]),
      h('span', { class: 'actions' },
        saves ? h('button', { type: 'button', class: 'quiet small', 'aria-label': `Save: ${nameOf(file.name)}`, onclick: () => this.#save(file) }, icon('into'), 'Save') : null,
        deletes ? h('button', { type: 'button', class: 'quiet small', 'aria-label': `Delete the file: ${nameOf(file.name)}`, onclick: () => this.#remove(file) }, icon('trash'), 'Delete') : null));
  }

  async #ask(name) {
    await this.#try(async () => {
      this.#onVideo(await this.#api.makeFile(this.#video.id, name));
      announce(`${nameOf(name)} is being made.`);
    });
  }

  async #remove(file) {
    const { confirm } = await import('./dialog.js');
    const sure = await confirm({ title: 'Delete this file?', text: `${nameOf(file.name)} can be made anew where the provider makes files. The video itself stays.`, yes: 'Delete the file' });
    if (!sure) return;
    await this.#try(async () => {
      this.#onVideo(await this.#api.removeFile(this.#video.id, file.name));
      announce('The file is being deleted.');
    });
  }

  /** Asks for a fresh address, which saves where the provider can say so, and follows it. */
  async #save(file) {
    await this.#try(async () => {
      const url = await this.#api.fileAddress(this.#video.id, file.name, saveName(this.#video, file));
      const link = h('a', { href: url, download: '', rel: 'noreferrer', target: '_blank' });
      link.click();
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

const nameOf = (name) => NAMES[name] ?? name;

/** A name that every provider takes: letters, digits, `-` and `_`. */
function saveName(video, file) {
  const title = (video.title || 'video').normalize('NFKD').replace(/[^A-Za-z0-9_-]+/g, '-').replace(/^-+|-+$/g, '');
  return `${(title || 'video').slice(0, LONGEST_NAME - file.name.length - 1)}-${file.name}`;
}
