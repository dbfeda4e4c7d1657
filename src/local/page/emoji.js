import { h } from './dom.js';

/** @type {{ names: Record<string, string>, aliases: Record<string, string> }} */
let table = { names: {}, aliases: {} };
/** @type {Map<string, string>} */
let byCharacter = new Map();

/** Fetches the table that the server checks names with. */
export async function loadEmoji() {
  table = await (await fetch('/page/emoji.json')).json();
  byCharacter = new Map(Object.entries(table.names).map(([name, character]) => [character, name]));
}

/** What can be chosen: everything, or only what we have drawn where the machine has no emoji font. */
export function emojiNames() {
  hasFont ??= seesEmoji();
  return Object.keys(table.names).filter((name) => hasFont || drawings[name] !== undefined);
}

/** @type {boolean | undefined} */
let hasFont;

/** Two emoji that look the same are two boxes. */
function seesEmoji() {
  const canvas = document.createElement('canvas');
  canvas.width = 24;
  canvas.height = 24;
  const [one, other] = ['\u{1f355}', '\u{1f422}'].map((character) => {
    const context = canvas.getContext('2d', { willReadFrequently: true });
    if (context === null) return '';
    context.clearRect(0, 0, 24, 24);
    context.font = '18px sans-serif';
    context.fillText(character, 0, 18);
    const { data } = context.getImageData(0, 0, 24, 24);
    // A box with the code's digits in it is no emoji: a real one has colour.
    return data.some((value, at) => at % 4 < 2 && Math.abs(value - (data[at + 1] ?? 0)) > 40) ? data.join() : '';
  });
  return one !== '' && one !== other;
}

/** Offered first: what Errand understands. */
export const useful = ['white_check_mark', 'octagonal_sign', 'repeat', 'robot_face', 'eyes', '+1', 'tada', 'heart'];

/**
 * An emoji as an element: our drawing where we have one, so that it looks the same without an emoji font, else the character.
 * @param {string} asked a name, with or without a skin tone
 */
export function emoji(asked) {
  const base = asked.split('::')[0] ?? asked;
  const name = table.aliases[base] ?? base;
  const character = table.names[name];
  if (character === undefined) return document.createTextNode(`:${asked}:`);
  const drawing = drawings[name];
  const label = `:${name}:`;
  if (drawing === undefined)
    return h('span', { class: 'emoji', role: 'img', 'aria-label': label, title: label }, character);
  const image = h('span', { class: 'emoji', role: 'img', 'aria-label': label, title: label });
  image.append(draw(drawing));
  return image;
}

/** Splits text at emoji characters. @param {string} text @returns {(string | Node)[]} */
export function withCharacters(text) {
  return text.split(/(\p{Emoji_Presentation}\u{fe0f}?|\p{Extended_Pictographic}\u{fe0f})/gu).map((part) => {
    const name = byCharacter.get(part) ?? byCharacter.get(part.replace('\u{fe0f}', ''));
    return name === undefined ? part : emoji(name);
  });
}

/** @param {readonly [string, Record<string, string | number>][]} shapes */
function draw(shapes) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  for (const [tag, attributes] of shapes) {
    const shape = document.createElementNS('http://www.w3.org/2000/svg', tag);
    for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, String(value));
    svg.append(shape);
  }
  return svg;
}

const line = (d, stroke, width = 2.4) => [
  'path',
  { d, stroke, 'stroke-width': width, fill: 'none', 'stroke-linecap': 'round', 'stroke-linejoin': 'round' },
];
const fill = (d, color) => ['path', { d, fill: color }];
const dot = (cx, cy, r, color) => ['circle', { cx, cy, r, fill: color }];
const tile = (color) => ['rect', { x: 2, y: 2, width: 20, height: 20, rx: 5, fill: color }];
const octagon = 'M8 2h8l6 6v8l-6 6H8l-6-6V8z';
const arrows =
  'M6 11V9.5A2.500 2.500 0 0 1 8.500 7H17M14.500 4.500L17 7l-2.500 2.500M18 13v1.500a2.500 2.500 0 0 1-2.500 2.500H7M9.500 14.500L7 17l2.500 2.500';
const hand =
  'M8 11V6.200a1.300 1.300 0 0 1 2.600 0V4.800a1.300 1.300 0 0 1 2.600 0v1a1.300 1.300 0 0 1 2.600 0v1.700a1.300 1.300 0 0 1 2.600 0V14c0 4.500-2.500 7.500-6.200 7.500c-3 0-4.600-1.300-6-3.800l-2.400-4.300c-.6-1.100.9-2.200 1.900-1.300z';

const drawings = {
  white_check_mark: [tile('#2e9e5b'), line('M7 12.500l3.500 3.500L17.500 8.500', '#fff', 2.8)],
  heavy_check_mark: [line('M4 13l5.500 5.500L20 6', '#2e9e5b', 3.2)],
  x: [line('M5 5l14 14M19 5L5 19', '#d64541', 3.4)],
  octagonal_sign: [
    fill(octagon, '#d64541'),
    line('M9 4.6h6l4.400 4.400v6L15 19.400H9L4.600 15V9z', '#fff', 1.1),
    line('M8.5 12h7', '#fff', 2.6),
  ],
  no_entry: [dot(12, 12, 10, '#d64541'), ['rect', { x: 5.5, y: 10.3, width: 13, height: 3.4, rx: 1, fill: '#fff' }]],
  repeat: [tile('#3d7fd0'), line(arrows, '#fff', 2)],
  rewind: [tile('#3d7fd0'), fill('M12 6.500v11L5 12zM19 6.500v11L12 12z', '#fff')],
  twisted_rightwards_arrows: [
    tile('#3d7fd0'),
    line(
      'M5 8h2.500c3 0 5 8 8 8H19M16.500 13.500L19 16l-2.500 2.500M5 16h2.500c3 0 5-8 8-8H19M16.500 5.500L19 8l-2.500 2.500',
      '#fff',
      1.9,
    ),
  ],
  robot_face: [
    line('M12 5.500V3.500', '#6b7a89', 1.8),
    dot(12, 3, 1.6, '#d64541'),
    ['rect', { x: 4, y: 6, width: 16, height: 14, rx: 4, fill: '#a9b8c6' }],
    dot(9, 11.5, 2, '#243542'),
    dot(15, 11.5, 2, '#243542'),
    line('M8.500 16.200h7', '#243542', 1.8),
    ['rect', { x: 1.8, y: 10.5, width: 2.4, height: 5, rx: 1.2, fill: '#6b7a89' }],
    ['rect', { x: 19.8, y: 10.5, width: 2.4, height: 5, rx: 1.2, fill: '#6b7a89' }],
  ],
  eyes: [
    ['ellipse', { cx: 7, cy: 12, rx: 5, ry: 7, fill: '#fff', stroke: '#5b6670', 'stroke-width': 1.2 }],
    ['ellipse', { cx: 17, cy: 12, rx: 5, ry: 7, fill: '#fff', stroke: '#5b6670', 'stroke-width': 1.2 }],
    dot(5.4, 13, 2.6, '#2b3238'),
    dot(15.4, 13, 2.6, '#2b3238'),
  ],
  hammer_and_wrench: [
    line('M5 19L14 10', '#9a6b3f', 2.8),
    fill('M11.500 5.500l3-2.500l6.500 6.500l-2.500 3z', '#6b7a89'),
    line('M19 19.500L9.500 10', '#8b99a6', 2.8),
    line('M9.500 10A3.600 3.600 0 0 1 4.500 5.500L7 8l1.500-1.500L6 4A3.600 3.600 0 0 1 10.500 9', '#8b99a6', 1.8),
  ],
  gear: [
    line(
      'M12 3v3M12 18v3M3 12h3M18 12h3M5.600 5.600l2.200 2.200M16.200 16.200l2.200 2.200M5.600 18.400l2.200-2.200M16.200 7.800l2.200-2.200',
      '#7d8b97',
      3,
    ),
    ['circle', { cx: 12, cy: 12, r: 5, fill: 'none', stroke: '#7d8b97', 'stroke-width': 3.4 }],
  ],
  hourglass_flowing_sand: [
    fill(
      'M6 4h12v2.500c0 2.500-2.500 4-4.200 5.500c1.700 1.500 4.200 3 4.200 5.500V20H6v-2.500c0-2.500 2.500-4 4.200-5.500C8.500 10.500 6 9 6 6.500z',
      '#bfd8ea',
    ),
    fill(
      'M8 8h8c-.8 1.400-2.500 2.500-4 4c-1.500-1.500-3.200-2.600-4-4zM7.500 19c0-2.500 3-3.500 4.500-3.500s4.500 1 4.500 3.500z',
      '#d9a441',
    ),
    ['rect', { x: 5, y: 2.5, width: 14, height: 2.4, rx: 1.2, fill: '#9a6b3f' }],
    ['rect', { x: 5, y: 19.1, width: 14, height: 2.4, rx: 1.2, fill: '#9a6b3f' }],
  ],
  raised_hand: [fill(hand, '#f2b84b')],
  mag: [
    line('M14.500 14.500L20.500 20.500', '#5b6670', 3),
    ['circle', { cx: 9.5, cy: 9.5, r: 6, fill: '#d7e9f5', stroke: '#5b6670', 'stroke-width': 2.2 }],
  ],
  checkered_flag: [
    line('M5 3v18.500', '#5b6670', 2),
    fill('M6 4h14v10H6z', '#fff'),
    fill(
      'M6 4h3.500v3.300H6zM13 4h3.500v3.300H13zM9.500 7.300H13v3.400H9.500zM16.500 7.300H20v3.400h-3.500zM6 10.700h3.500V14H6zM13 10.700h3.500V14H13z',
      '#2b3238',
    ),
    ['rect', { x: 6, y: 4, width: 14, height: 10, fill: 'none', stroke: '#2b3238', 'stroke-width': 0.8 }],
  ],
  file_folder: [
    fill(
      'M2.500 6.500a2 2 0 0 1 2-2h4.500l2.500 2.500h8a2 2 0 0 1 2 2v8.500a2 2 0 0 1-2 2h-15a2 2 0 0 1-2-2z',
      '#e0b252',
    ),
  ],
  white_circle: [['circle', { cx: 12, cy: 12, r: 8.5, fill: '#f2f4f5', stroke: '#9aa5ae', 'stroke-width': 1.8 }]],
  speech_balloon: [
    fill(
      'M4.500 4h15A2.500 2.500 0 0 1 22 6.500v7a2.500 2.500 0 0 1-2.500 2.500H11l-5 4.500V16H4.500A2.500 2.500 0 0 1 2 13.500v-7A2.500 2.500 0 0 1 4.500 4z',
      '#8fb7d8',
    ),
    dot(7.5, 10, 1.3, '#fff'),
    dot(12, 10, 1.3, '#fff'),
    dot(16.5, 10, 1.3, '#fff'),
  ],
  '+1': [
    fill(
      'M9.500 10.500l3.300-7c1.900 0 2.700 1.400 2.300 3l-.7 3h4.600c1.400 0 2.300 1.200 2 2.500l-1.500 6.500c-.3 1.200-1.200 2-2.400 2H9.500z',
      '#f2b84b',
    ),
    ['rect', { x: 3, y: 10.5, width: 5, height: 10, rx: 1.5, fill: '#d9982b' }],
  ],
  '-1': [
    ['g', { transform: 'rotate(180 12 12)' }],
    fill(
      'M14.500 13.500l-3.300 7c-1.900 0-2.700-1.400-2.300-3l.7-3H5c-1.400 0-2.300-1.200-2-2.500L4.500 5.500c.3-1.200 1.200-2 2.400-2h7.600z',
      '#f2b84b',
    ),
    ['rect', { x: 16, y: 3.5, width: 5, height: 10, rx: 1.5, fill: '#d9982b' }],
  ],
  heart: [
    fill(
      'M12 20.500C5 15.500 2.500 12 2.500 8.500A5 5 0 0 1 12 6.500a5 5 0 0 1 9.500 2c0 3.500-2.500 7-9.500 12z',
      '#d64541',
    ),
  ],
  tada: [
    fill('M3 21L8.500 8l7.500 7.500z', '#e0b252'),
    line('M13 8.500c0-2 1-3.500 3-4.500M15.500 11c2-.5 4-.3 5.500.5', '#d64541', 1.8),
    dot(11, 4, Math.LOG2E, '#3d7fd0'),
    dot(19.5, 7, Math.LOG2E, '#2e9e5b'),
    dot(20, 16, Math.LOG2E, '#3d7fd0'),
  ],
  warning: [
    fill('M12 2.500L22.500 21H1.500z', '#f2b84b'),
    line('M12 9.500v5', '#3b2f12', 2.2),
    dot(12, 17.8, 1.3, '#3b2f12'),
  ],
  rocket: [
    fill('M12 2c3.500 2.500 5 6 4.500 10.500L14.500 16h-5l-2-3.500C7 8 8.500 4.500 12 2z', '#d9dfe4'),
    dot(12, 9, 2, '#3d7fd0'),
    fill('M7.300 11L4 15.500l.5 3.500L9 15.500zM16.700 11L20 15.500l-.5 3.500L15 15.500z', '#d64541'),
    fill('M10 17h4l-2 5z', '#f2b84b'),
  ],
  question: [
    line('M8.500 8.500a3.500 3.500 0 1 1 5 3.200c-1.200.6-1.500 1.300-1.500 2.800', '#d64541', 2.8),
    dot(12, 19, 1.7, '#d64541'),
  ],
};
