// Starts the desk.
import {html, render} from './vendor/lit-html/lit-html.js';

render(html`<main><h1>Pasokh</h1></main>`, document.getElementById('desk'));
