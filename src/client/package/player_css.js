// The look of <yourbit-player>.

export const PLAYER_CSS = `
:host { position: relative; overflow: hidden; border-radius: var(--r); background: #000; color: #fff; --a: var(--yourbit-accent, #a3adff); container-type: inline-size; }
:host(:focus-visible) { outline: 3px solid var(--a); }
video { display: block; width: 100%; max-height: var(--yourbit-max-height, 80vh); aspect-ratio: 16 / 9; object-fit: contain; background: #000; }
:host(:fullscreen) { border-radius: 0; }
:host(:fullscreen) video { height: 100%; max-height: none; aspect-ratio: auto !important; }
:host([data-kind=audio]) video { height: 3.5rem; aspect-ratio: auto !important; }
.bar { position: absolute; inset: auto 0 0; display: flex; align-items: center; gap: .125rem; padding: 1.5rem .5rem .25rem; background: linear-gradient(transparent, rgb(0 0 0 / 80%)); transition: opacity .2s; }
:host([data-kind=audio]) .bar { padding-top: .5rem; inset: 0; }
:host([data-idle]) .bar { opacity: 0; }
:host([data-idle]) { cursor: none; }
.bar:focus-within { opacity: 1 !important; }
.time { padding: 0 .375rem; font-size: .8125rem; font-variant-numeric: tabular-nums; white-space: nowrap; }
input { accent-color: var(--a); min-width: 0; height: 1.5rem; margin: 0; cursor: pointer; }
.seek { flex: 1; min-width: 3rem; }
.volume { width: 4rem; }
.menu { position: relative; display: grid; place-items: center; width: 2.5rem; height: 2.5rem; flex: none; border-radius: var(--r); }
.menu:focus-within { outline: 3px solid var(--a); outline-offset: 2px; }
.menu.on svg { border-bottom: 3px solid var(--a); }
select { position: absolute; inset: 0; width: 100%; opacity: 0; cursor: pointer; font: inherit; color: #fff; background: #1c1c21; }
.begin { position: absolute; inset: 0; margin: auto; width: 4.5rem; height: 4.5rem; border-radius: 50%; background: rgb(0 0 0 / 65%); }
.begin svg { width: 2.5rem; height: 2.5rem; }
.preview { position: absolute; bottom: 100%; left: 0; pointer-events: none; border: 2px solid #fff; border-radius: 6px; background: #000; overflow: hidden; }
.preview span { display: block; text-align: center; font-size: .75rem; font-variant-numeric: tabular-nums; }
.error { position: absolute; inset: 0; display: grid; place-content: center; justify-items: center; gap: .5rem; padding: 1rem; background: rgb(0 0 0 / 85%); text-align: center; overflow: auto; }
.error button { width: auto; padding: 0 1rem; border: 1px solid #fff; }
:host([data-kind=audio]) .error { grid-auto-flow: column; padding: .25rem; align-items: center; }
:host([data-busy])::after { content: ""; position: absolute; inset: 0; margin: auto; width: 3rem; height: 3rem; border: 4px solid rgb(255 255 255 / 30%); border-top-color: #fff; border-radius: 50%; animation: turn 1s linear infinite; pointer-events: none; }
:host([data-kind=audio])::after { display: none; }
@keyframes turn { to { rotate: 1turn; } }
@container (max-width: 26rem) { .volume, .time i { display: none; } }
@container (max-width: 16rem) { .time { display: none; } }
`;
