import { mount } from "svelte";
import App from "./app.svelte";
import { applyTheme } from "./lib/theme";
import "./lib/tokens.css";
import "./lib/base.css";

applyTheme();
const target = document.getElementById("app");
if (!target) throw new Error("the page has no #app");
mount(App, { target });
