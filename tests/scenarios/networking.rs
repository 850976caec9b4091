//! Ingresses, network policies and their like.

mod kinds;
