// Places that would cover each other on the map are drawn as one.
import type { Schemas } from "../../lib/api/client";
import { STATES } from "../../lib/kinds";

export type Place = Schemas["PlaceView"];

export interface Cluster {
  /** The same as long as its first place is. */
  key: string;
  places: Place[];
  latitude: number;
  longitude: number;
  states: Map<string, number>;
  /** Of stations. */
  count: number;
  /** The worst of them. */
  state: string;
}

/** So close, in pixels, two of them never are. */
const APART_PX = 56;
const WORLD_PX = 256;
const LATITUDE_MAX = 85.05;

interface Point {
  x: number;
  y: number;
}

const projected = new WeakMap<Place, Point>();

/** Where a place is on a world of 256 pixels (Web Mercator). */
function pointOf(place: Place): Point {
  let point = projected.get(place);
  if (!point) {
    const sine = Math.sin((Math.max(-LATITUDE_MAX, Math.min(LATITUDE_MAX, place.latitude)) * Math.PI) / 180);
    point = {
      x: ((place.longitude + 180) / 360) * WORLD_PX,
      y: (0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)) * WORLD_PX,
    };
    projected.set(place, point);
  }
  return point;
}

/** Large places first, each takes in what lies near it. A grid finds the neighbours. */
export function clustered(places: readonly Place[], zoom: number): Cluster[] {
  const scale = 2 ** zoom / APART_PX;
  const cells = new Map<number, { at: Point; cluster: Cluster }>();
  const width = Math.ceil(WORLD_PX * scale) + 2;
  const counts = new Map(places.map((place) => [place, countOf(place)]));
  const largeFirst = places.toSorted((a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0));
  for (const place of largeFirst) {
    const { x, y } = pointOf(place);
    const at = { x: x * scale, y: y * scale };
    const cell = Math.floor(at.y) * width + Math.floor(at.x);
    const near = nearest(cells, cell, width, at);
    if (near) take(near, place);
    else cells.set(cell, { at, cluster: begun(place) });
  }
  return [...cells.values()].map(({ cluster }) => cluster);
}

/** A cell has one cluster at the most: whatever else falls into it is nearer than a cell's width. */
function nearest(
  cells: Map<number, { at: Point; cluster: Cluster }>,
  cell: number,
  width: number,
  at: Point,
): Cluster | null {
  const own = cells.get(cell);
  if (own) return own.cluster;
  let found: Cluster | null = null;
  let distance = 1;
  for (const row of [-width, 0, width]) {
    for (const column of [-1, 0, 1]) {
      const other = cells.get(cell + row + column);
      const away = other ? Math.hypot(other.at.x - at.x, other.at.y - at.y) : 1;
      if (other && away < distance) [found, distance] = [other.cluster, away];
    }
  }
  return found;
}

function begun(place: Place): Cluster {
  const { id, latitude, longitude } = place;
  const cluster = {
    key: id,
    places: [],
    latitude,
    longitude,
    states: new Map(),
    count: 0,
    state: "available",
  };
  take(cluster, place);
  return cluster;
}

function take(cluster: Cluster, place: Place): void {
  cluster.places.push(place);
  for (const [state, count] of Object.entries(place.states)) {
    cluster.states.set(state, (cluster.states.get(state) ?? 0) + count);
    cluster.count += count;
  }
  cluster.state = worst(cluster.states.keys());
}

export function worst(states: Iterable<string>): string {
  const found = new Set(states);
  return STATES.find((state) => found.has(state)) ?? "available";
}

export function countOf(place: Place): number {
  return Object.values(place.states).reduce((sum, count) => sum + count, 0);
}
