// The drawing of the map: outlines of countries, and a button for each cluster of places. All of it
// comes from this server; there are no tiles.
import "leaflet/dist/leaflet.css";
import "leaflet/src/layer/vector/Renderer.getRenderer.js";
import "leaflet/src/map/handler/Map.DoubleClickZoom.js";
import "leaflet/src/map/handler/Map.Drag.js";
import "leaflet/src/map/handler/Map.Keyboard.js";
import "leaflet/src/map/handler/Map.ScrollWheelZoom.js";
import "leaflet/src/map/handler/Map.TouchZoom.js";
import type { Map as Drawing, LatLngBoundsLiteral, Marker as Pin } from "leaflet";
import { GeoJSON } from "leaflet/src/layer/GeoJSON.js";
import { DivIcon } from "leaflet/src/layer/marker/DivIcon.js";
import { Marker } from "leaflet/src/layer/marker/Marker.js";
import { SVG } from "leaflet/src/layer/vector/SVG.js";
import { Map as LeafletMap } from "leaflet/src/map/Map.js";
import { feature } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import outlines from "world-atlas/countries-50m.json?url";
import { type Cluster, clustered, type Place } from "./clusters";

export interface View {
  latitude: number;
  longitude: number;
  zoom: number;
}

interface Listener {
  /** What a button says, in words. */
  nameOf(cluster: Cluster): string;
  /** Writes the shape and the number on a button; near enough, also the name of a single place. */
  dress(button: HTMLElement, cluster: Cluster, isNear: boolean): void;
  /** Somebody wants to see what cannot be drawn further apart. */
  picked(cluster: Cluster, button: HTMLElement): void;
  moved(view: View): void;
}

interface Drawn {
  pin: Pin;
  button: HTMLButtonElement;
  cluster: Cluster;
  /** What is written on the button. */
  said: string;
}

const ZOOM_MIN = 2;
const NAMED_ZOOM_MIN = 8;
const ZOOM_MAX = 13;
/** A single place is shown with what lies around it. */
const FITTED_ZOOM_MAX = 9;
const EUROPE: View = { latitude: 50, longitude: 10, zoom: 4 };
const DEGREES_DIGITS = 3;
const DRAG_PX_MIN = 6;
const NARROW_PX_MAX = 640;
const POPUP_PX = 480;
const POPUP_SHARE = 0.64;
const MARGIN_PX = 48;
const PADDING: [number, number] = [48, 48];

export class Atlas {
  private readonly map: Drawing;
  private readonly pins = new Map<string, Drawn>();
  private readonly resized: ResizeObserver;
  private places: readonly Place[] = [];
  private isGone = false;

  constructor(
    node: HTMLElement,
    view: View | null,
    private readonly listener: Listener,
  ) {
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.map = new LeafletMap(node, {
      attributionControl: false,
      zoomControl: false,
      minZoom: ZOOM_MIN,
      maxZoom: ZOOM_MAX,
      maxBounds: [
        [-85, -200],
        [85, 200],
      ],
      zoomAnimation: !isCalm,
      fadeAnimation: !isCalm,
      markerZoomAnimation: !isCalm,
      inertia: !isCalm,
      renderer: new SVG({ padding: 0.4 }),
    });
    const { latitude, longitude, zoom } = view ?? EUROPE;
    this.map.setView([latitude, longitude], zoom, { animate: false });
    this.map.on("moveend", () => {
      if (this.isGone) return;
      this.draw();
      const { lat, lng } = this.map.getCenter();
      const rounded = (degrees: number) => Number(degrees.toFixed(DEGREES_DIGITS));
      listener.moved({ latitude: rounded(lat), longitude: rounded(lng), zoom: this.map.getZoom() });
    });
    this.resized = new ResizeObserver(() => this.map.invalidateSize({ pan: false }));
    this.resized.observe(node);
  }

  /** The countries, which are a file of their own. */
  async outline(): Promise<void> {
    const answer = await fetch(outlines);
    const world = (await answer.json()) as Topology<{ countries: GeometryCollection }>;
    if (this.isGone) return;
    const land = feature(world, world.objects.countries);
    new GeoJSON(land, { interactive: false, style: { className: "land", weight: 1 } }).addTo(this.map);
  }

  /** Show these. What was there and is there still keeps its button, and the focus on it. */
  show(places: readonly Place[]): void {
    this.places = places;
    this.draw();
  }

  /** Whether one of the places is in sight. */
  get isSeeing(): boolean {
    const bounds = this.map.getBounds();
    return this.places.some(({ latitude, longitude }) => bounds.contains([latitude, longitude]));
  }

  fit(): void {
    if (this.places.length)
      this.map.fitBounds(around(this.places), { padding: PADDING, maxZoom: FITTED_ZOOM_MAX });
  }

  zoom(steps: number): void {
    this.map.setZoom(this.map.getZoom() + steps);
  }

  remove(): void {
    this.isGone = true;
    this.resized.disconnect();
    this.map.remove();
  }

  private draw(): void {
    const bounds = this.map.getBounds();
    const clusters = clustered(this.places, this.map.getZoom());
    const seen = clusters.filter(({ latitude, longitude }) => bounds.contains([latitude, longitude]));
    const keys = new Set(seen.map(({ key }) => key));
    for (const [key, { pin }] of this.pins) {
      if (keys.has(key)) continue;
      pin.remove();
      this.pins.delete(key);
    }
    for (const cluster of seen) this.put(cluster);
  }

  private put(cluster: Cluster): void {
    const known = this.pins.get(cluster.key);
    const one = known ?? { ...this.made(cluster), cluster, said: "" };
    one.cluster = cluster;
    this.pins.set(cluster.key, one);
    one.pin.setLatLng([cluster.latitude, cluster.longitude]);
    const name = this.listener.nameOf(cluster);
    const isNear = this.map.getZoom() >= NAMED_ZOOM_MIN;
    const said = `${name}${isNear}`;
    if (one.said === said) return;
    one.said = said;
    one.button.setAttribute("aria-label", name);
    one.button.title = name;
    this.listener.dress(one.button, cluster, isNear);
  }

  private made({ key, latitude, longitude }: Cluster): { pin: Pin; button: HTMLButtonElement } {
    const button = document.createElement("button");
    button.type = "button";
    let begun = { clientX: 0, clientY: 0 };
    button.addEventListener("pointerdown", (event) => {
      begun = event;
    });
    button.addEventListener("click", (event) => {
      // The end of a drag is no click, though the browser takes it for one. A key has no detail.
      const way = Math.hypot(event.clientX - begun.clientX, event.clientY - begun.clientY);
      const isDragged = event.detail > 0 && way > DRAG_PX_MIN;
      const cluster = this.pins.get(key)?.cluster;
      if (cluster && !isDragged) this.pick(cluster, button);
    });
    const icon = new DivIcon({ html: button, className: "place", iconSize: [0, 0] });
    const pin = new Marker([latitude, longitude], { icon, interactive: false, keyboard: false });
    return { pin: pin.addTo(this.map), button };
  }

  /** Goes nearer until the places come apart, or cannot. */
  private pick(cluster: Cluster, button: HTMLElement): void {
    const [first, ...others] = cluster.places;
    const isOnePoint = others.every(
      (place) => place.latitude === first?.latitude && place.longitude === first.longitude,
    );
    if (!isOnePoint && this.map.getZoom() < ZOOM_MAX) {
      this.nearer(cluster.places);
      return;
    }
    this.listener.picked(cluster, button);
    // What is told of it must not lie over it: at the side, or on a narrow map below.
    const { x, y } = this.map.getSize();
    const room: [number, number] = x > NARROW_PX_MAX ? [POPUP_PX, MARGIN_PX] : [MARGIN_PX, y * POPUP_SHARE];
    this.map.panInside([cluster.latitude, cluster.longitude], {
      paddingTopLeft: [MARGIN_PX, MARGIN_PX],
      paddingBottomRight: room,
    });
  }

  private nearer(places: readonly Place[]): void {
    const bounds = around(places);
    const before = this.map.getZoom();
    if (this.map.getBoundsZoom(bounds) > before) this.map.fitBounds(bounds, { padding: PADDING });
    else this.map.setView([places[0]?.latitude ?? 0, places[0]?.longitude ?? 0], before + 2);
  }
}

function around(places: readonly Place[]): LatLngBoundsLiteral {
  const latitudes = places.map(({ latitude }) => latitude);
  const longitudes = places.map(({ longitude }) => longitude);
  return [
    [Math.min(...latitudes), Math.min(...longitudes)],
    [Math.max(...latitudes), Math.max(...longitudes)],
  ];
}
