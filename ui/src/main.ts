/** Puts the screens into the window. */
import './lib/locale';
import { mount } from 'svelte';
import './lib/styles/tokens.css';
import './lib/styles/base.css';
import App from './App.svelte';

const target = document.getElementById('app');
if (target !== null) mount(App, { target });
