from django.urls import path

from shop import views

urlpatterns = [path("", views.root), path("items", views.items), path("broken", views.broken), path("lines", views.lines)]
