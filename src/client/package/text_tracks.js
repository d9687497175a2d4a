// Captions and subtitles: those beside the stream, and the viewer's choice of one.

const KINDS = ['subtitles', 'captions', 'descriptions', 'chapters'];
const SHOWN = ['subtitles', 'captions'];

/** Returns the tracks that a viewer can choose. A closed stream leaves its tracks behind, emptied. */
export function captionTracks(element) {
  return [...element.textTracks].filter((track) => SHOWN.includes(track.kind));
}

/** Shows this track and no other; null: none. */
export function showCaptions(element, chosen) {
  for (const track of captionTracks(element)) track.mode = track === chosen ? 'showing' : 'disabled';
}

/** Returns the viewer's choice, to be given to `chooseCaptions` for another stream of the same video. */
export function captionChoice(element) {
  const shown = captionTracks(element).find((track) => track.mode === 'showing');
  return shown ? { kind: shown.kind, label: shown.label, language: shown.language } : null;
}

export function chooseCaptions(element, choice) {
  const isIt = ({ kind, label, language }) => kind === choice?.kind && label === choice.label && language === choice.language;
  showCaptions(element, captionTracks(element).find(isIt) ?? null);
}

/** Adds the `tracks` of a playback, or gives those that have not loaded yet their new addresses. */
export function addTracks(element, tracks) {
  const wanted = (tracks ?? []).filter((one) => KINDS.includes(one.kind) && one.url);
  const present = [...element.querySelectorAll('track[data-yourbit]')];
  if (wanted.length > 0 && !element.src && !element.crossOrigin) element.crossOrigin = 'anonymous';
  for (const { kind, language, name, url } of wanted) {
    const id = JSON.stringify([kind, language, name]);
    const old = present.find((one) => one.dataset.yourbit === id);
    if (old && old.readyState === HTMLTrackElement.NONE) old.src = url;
    if (old) continue;
    const track = document.createElement('track');
    Object.assign(track, { kind, srclang: language ?? '', label: name ?? language ?? '', src: url });
    track.dataset.yourbit = id;
    element.append(track);
  }
}

/** Removes what `addTracks` has added. */
export function removeTracks(element) {
  for (const one of element.querySelectorAll('track[data-yourbit]')) one.remove();
}
