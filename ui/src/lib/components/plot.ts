/** How one vital sign is drawn: points, never bars; a blood pressure as a vertical line with T ends; the normal band behind. */
import uPlot from 'uplot';
import type { NormalRange, VitalSeriesView } from '../api/bindings';
import { showAxisMark } from '../format/dates';

const DAY_S = 86_400;
const POINT = 4;
/** Steps of the value axis where nobody measures fractions. */
const WHOLE_STEPS = [1, 2, 5, 10, 20, 25, 50, 100];

export interface PlotTimes {
  fromS: number;
  toS: number;
}

/** Columns for uPlot: time, value, low, high; times in seconds. */
export function plotData(series: VitalSeriesView): uPlot.AlignedData {
  const points = series.points;
  return [
    points.map((point) => Date.parse(point.at) / 1000),
    points.map((point) => point.value),
    points.map((point) => point.low),
    points.map((point) => point.high),
  ];
}

/** The value axis: all points and the band, with a margin; it need not begin at 0. */
export function valueRange(series: VitalSeriesView): [number, number] {
  const band = [series.normal?.low, series.normal?.high];
  const all = [...series.points.flatMap((point) => [point.value, point.low, point.high]), ...band].filter((value): value is number => typeof value === 'number');
  const low = Math.min(...all);
  const high = Math.max(...all);
  const margin = Math.max((high - low) * 0.12, Math.abs(high) * 0.01, 0.1);
  return [low - margin, high + margin];
}

export function plotOptions(host: HTMLElement, series: VitalSeriesView, times: PlotTimes, height: number, onPoint: (index: number | null) => void): uPlot.Options {
  const ink = colour(host, '--ink');
  const faint = colour(host, '--ink-2');
  const rule = colour(host, '--rule');
  const accent = colour(host, '--accent');
  const font = `11px ${getComputedStyle(host).fontFamily}`;
  const spanDays = (times.toS - times.fromS) / DAY_S;
  const bars = series.points.some((point) => point.low !== null && point.high !== null);
  const whole = series.points.every((point) => Number.isInteger(point.value));
  const axis = { stroke: faint, font, grid: { stroke: rule, width: 1 }, ticks: { stroke: rule, width: 1, size: 4 } };
  return {
    width: host.clientWidth,
    height,
    padding: [8, 16, 0, 0],
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, y: false, points: { size: 11, stroke: () => ink, fill: () => 'transparent', width: 2 } },
    scales: { x: { time: true, range: () => [times.fromS, times.toS] }, y: { range: () => valueRange(series) } },
    axes: [
      { ...axis, size: 26, space: 74, values: (_, marks) => marks.map((mark) => showAxisMark(new Date(mark * 1000), spanDays)) },
      { ...axis, size: 52, space: 28, incrs: whole ? WHOLE_STEPS : undefined },
    ],
    series: [
      {},
      bars
        ? { paths: () => null, points: { show: false } }
        : { stroke: accent, paths: () => null, points: { show: true, size: POINT * 2, fill: accent, stroke: accent } },
    ],
    hooks: {
      drawClear: [(plot) => drawBand(plot, series.normal, colour(host, '--good-soft'), colour(host, '--good'))],
      draw: bars ? [(plot) => drawPressure(plot, series, accent)] : [],
      setCursor: [(plot) => onPoint(plot.cursor.idx ?? null)],
    },
  };
}

/** The band in which values are expected, edged so that it shows without its colour. */
function drawBand(plot: uPlot, normal: NormalRange | null, fill: string, edge: string): void {
  if (normal === null) return;
  const { left, top, width, height } = plot.bbox;
  const at = (value: number | null, other: number): number => (value === null ? other : clamp(plot.valToPos(value, 'y', true), top, top + height));
  const from = at(normal.high, top);
  const to = at(normal.low, top + height);
  const paint = plot.ctx;
  paint.save();
  paint.fillStyle = fill;
  paint.fillRect(left, from, width, to - from);
  paint.strokeStyle = edge;
  paint.globalAlpha = 0.55;
  paint.lineWidth = devicePixelRatio;
  paint.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
  for (const y of [from, to]) line(paint, left, y, left + width, y);
  paint.restore();
}

function drawPressure(plot: uPlot, series: VitalSeriesView, ink: string): void {
  const paint = plot.ctx;
  const half = 5 * devicePixelRatio;
  paint.save();
  paint.strokeStyle = ink;
  paint.lineWidth = 2 * devicePixelRatio;
  for (const point of series.points) {
    const x = plot.valToPos(Date.parse(point.at) / 1000, 'x', true);
    if (x < plot.bbox.left - half || x > plot.bbox.left + plot.bbox.width + half) continue;
    const top = plot.valToPos(point.high ?? point.value, 'y', true);
    const foot = plot.valToPos(point.low ?? point.value, 'y', true);
    line(paint, x, top, x, foot);
    line(paint, x - half, top, x + half, top);
    line(paint, x - half, foot, x + half, foot);
  }
  paint.restore();
}

function line(paint: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  paint.beginPath();
  paint.moveTo(x1, y1);
  paint.lineTo(x2, y2);
  paint.stroke();
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/** What a colour of the style sheet is just now, light or dark. */
function colour(host: HTMLElement, name: string): string {
  host.style.setProperty('color', `var(${name})`);
  const value = getComputedStyle(host).color;
  host.style.removeProperty('color');
  return value;
}
