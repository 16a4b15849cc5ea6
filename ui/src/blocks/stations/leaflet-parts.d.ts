// The parts of Leaflet that the map is made of; the whole would be half as large again.
declare module "leaflet/src/map/Map.js" {
  export { Map } from "leaflet";
}
declare module "leaflet/src/layer/GeoJSON.js" {
  export { GeoJSON } from "leaflet";
}
declare module "leaflet/src/layer/marker/Marker.js" {
  export { Marker } from "leaflet";
}
declare module "leaflet/src/layer/marker/DivIcon.js" {
  export { DivIcon } from "leaflet";
}
declare module "leaflet/src/layer/vector/SVG.js" {
  export { SVG } from "leaflet";
}
declare module "leaflet/src/map/handler/Map.Drag.js";
declare module "leaflet/src/map/handler/Map.Keyboard.js";
declare module "leaflet/src/map/handler/Map.ScrollWheelZoom.js";
declare module "leaflet/src/map/handler/Map.TouchZoom.js";
declare module "leaflet/src/map/handler/Map.DoubleClickZoom.js";
declare module "leaflet/src/layer/vector/Renderer.getRenderer.js";
