import { h, icon } from './dom.js';
import { store } from './store.js';
import { toast } from './toast.js';

const tooLarge = 64 * 1024 * 1024;

/** Puts a file into the workspace; a message shares it afterwards. Throws after saying why not. @param {File} file */
export async function upload(file) {
  const name = file.name || `pasted.${file.type.split('/')[1] ?? 'bin'}`;
  if (file.size > tooLarge) return refuse(`${name} is larger than ${bytes(tooLarge)}.`);
  if (file.size === 0) return refuse(`${name} is empty.`);
  const query = new URLSearchParams({ user: store.me, name });
  const response = await fetch(`/local/upload?${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
    body: file,
  }).catch(() => null);
  if (response?.status === 401)
    return refuse('This page has lost its place here. Load it again, and add the file once more.');
  const answer = await response?.json().catch(() => null);
  if (!answer?.ok) return refuse(`${name} could not be added.`);
  store.takeFile(answer.file);
  return answer.file;
}

function refuse(words) {
  toast(words);
  throw new Error(words);
}

/** A size as people read it. @param {number} size */
export function bytes(size) {
  const [unit, divisor] = size < 1024 ? ['B', 1] : size < 1024 ** 2 ? ['kB', 1024] : ['MB', 1024 ** 2];
  const value = size / divisor;
  return `${value < 10 && divisor > 1 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}

const drawable = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];

/** The page has its own way to a file, by its cookie. */
const address = (file, download = false) =>
  `/files-pri/${store.state.team.id}-${file.id}/${download ? 'download/' : ''}${encodeURIComponent(file.name)}`;

/** A file that is about to be sent. @param {any} file @param {() => void} remove */
export function fileChip(file, remove) {
  return h(
    'span',
    { class: 'file-chip' },
    drawable.includes(file.mimetype)
      ? h('img', { src: address(file), alt: '' })
      : h('span', { class: 'file-mark' }, icon('file')),
    h('span', { class: 'file-words' }, h('strong', null, file.name), h('small', null, bytes(file.size))),
    h(
      'button',
      { class: 'icon-button', type: 'button', 'aria-label': `Remove ${file.name}`, onclick: remove },
      icon('close'),
    ),
  );
}

/** What a message shares: pictures as pictures, text with its first lines, the rest by name. @param {readonly string[]} ids */
export function sharedFiles(ids) {
  return h('div', { class: 'files' }, ids.map(shared));
}

function shared(id) {
  const file = store.file(id);
  if (file === undefined) return h('p', { class: 'note' }, 'This file was deleted.');
  const facts = `${file.pretty_type} · ${bytes(file.size)}`;
  if (drawable.includes(file.mimetype)) return picture(file, facts);
  return h(
    'div',
    { class: 'file' },
    h(
      'a',
      { class: 'file-head', href: address(file, true), download: file.name },
      h('span', { class: 'file-mark' }, icon('file')),
      h('span', { class: 'file-words' }, h('strong', null, file.title), h('small', null, facts)),
      icon('download', 'Download'),
    ),
    file.snippet && h('pre', { class: 'file-snippet' }, h('code', null, file.snippet.text)),
    file.snippet?.lines > 5 && h('small', { class: 'file-more' }, `${file.snippet.lines - 5} more lines`),
  );
}

const widest = 360;
const highest = 260;

function picture(file, facts) {
  const { width = widest, height = highest } = file.picture ?? {};
  const scale = Math.min(1, widest / width, highest / height);
  const size = file.picture ? { width: Math.round(width * scale), height: Math.round(height * scale) } : {};
  return h(
    'figure',
    { class: 'file-picture' },
    h('figcaption', null, h('strong', null, file.title), ' ', h('small', null, facts)),
    h(
      'a',
      { href: address(file), target: '_blank', rel: 'noopener noreferrer', 'aria-label': `Open ${file.title}` },
      h('img', { src: address(file), alt: file.title, loading: 'lazy', ...size }),
    ),
  );
}
