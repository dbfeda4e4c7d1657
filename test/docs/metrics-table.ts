import { createMetrics } from '../../src/operate/metrics.ts';

const begin = /<!-- metrics: [^>]*-->\n/;
const end = '<!-- /metrics -->';

/** A text with the table of all of them between its two marks. Throws when the marks are not there. */
export function withMetrics(text: string): string {
  const from = begin.exec(text);
  const to = text.indexOf(end);
  if (from === null || to === -1) throw new Error(`The place for the metrics, up to ${end}, is gone`);
  const { registry } = createMetrics('test');
  const rows = registry.getMetricsAsArray().map((metric) => {
    const labels = 'labelNames' in metric && Array.isArray(metric.labelNames) ? metric.labelNames : [];
    return `| \`${metric.name}\` | ${labels.map((label) => `\`${label}\``).join(', ')} | ${metric.help} |`;
  });
  const table = ['| figure | by | what it is |', '| --- | --- | --- |', ...rows].join('\n');
  return `${text.slice(0, from.index + from[0].length)}\n${table}\n\n${text.slice(to)}`;
}
