import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';

// The elements are the client's own, not components of Vue.
const isCustomElement = (tag) => tag.startsWith('yourbit-');

export default defineConfig({ plugins: [vue({ template: { compilerOptions: { isCustomElement } } })] });
