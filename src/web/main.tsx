/** The dashboard starts here. */
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import { render } from "preact";
import { listenToLinks } from "./shell/navigation.ts";
import { showTheme } from "./shell/theme.ts";

showTheme();
listenToLinks();
const place = document.getElementById("app");
if (place !== null) render(<p>artifold</p>, place);
